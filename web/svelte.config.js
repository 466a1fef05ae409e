// Styles go to one file and never into the page, because the page works under a policy that forbids inline styles.
export default { compilerOptions: { css: 'external', runes: true } }
