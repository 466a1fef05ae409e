// Applies the remembered theme before anything is painted; without one the system's choice stands.
// A file of its own, because the page allows no inline scripts.
try {
  const theme = localStorage.getItem('longshore.theme')
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be switched off; then the system's choice stands.
}
