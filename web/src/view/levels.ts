// The levels of log lines: one order and one colour (a CSS variable) each, everywhere on the page.

/** Worst first. The last one stands for everything that is not known. */
export const LEVELS = ['critical', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'] as const

export type Level = (typeof LEVELS)[number]

const SPELLINGS: Record<string, Level> = {
  critical: 'critical',
  crit: 'critical',
  fatal: 'critical',
  alert: 'critical',
  emergency: 'critical',
  emerg: 'critical',
  panic: 'critical',
  error: 'error',
  err: 'error',
  eror: 'error',
  warn: 'warn',
  warning: 'warn',
  wrn: 'warn',
  info: 'info',
  information: 'info',
  informational: 'info',
  notice: 'info',
  inf: 'info',
  debug: 'debug',
  dbg: 'debug',
  trace: 'trace',
  trc: 'trace',
}

/** The level that a text means. */
export function toLevel(text: string | undefined): Level {
  return SPELLINGS[text?.trim().toLowerCase() ?? ''] ?? 'unknown'
}
