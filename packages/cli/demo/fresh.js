// The back button must show nothing of somebody who has logged out: a page that the browser keeps is kept blank, and
// asked for again when it comes back.
addEventListener('pagehide', () => {
  document.documentElement.hidden = true
})
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
