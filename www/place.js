// Where the viewer's own files are: beside this module, which stays at the top when the modules are put together.

/**
 * @param {string} path  from the top of the site
 * @returns {URL}
 */
export const place = path => new URL(path, import.meta.url)
