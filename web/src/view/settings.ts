// What the page remembers of its reader: theme and wrapping. Storage may be switched off; then nothing is remembered.

export type Theme = 'light' | 'dark'

const THEME = 'longshore.theme'
const WRAP = 'longshore.wrap'

/** The theme on the page: the remembered one, else the system's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  write(THEME, theme)
}

export function readWrap(): boolean {
  return read(WRAP) === 'on'
}

export function writeWrap(wrap: boolean): void {
  write(WRAP, wrap ? 'on' : 'off')
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Not remembered, but in force on this page.
  }
}
