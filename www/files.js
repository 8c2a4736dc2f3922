// Files from wherever a person has them: a drop with folders, a file chooser, a list, an address.

import { abortError, checkpointError } from './errors.js'

/** @typedef {import('./types').FileEntry} FileEntry */

/** A folder with more files than this is no checkpoint; someone dropped a whole disk. */
const MAX_FILES = 10_000

/**
 * @param {import('./types').Openable} files
 * @param {AbortSignal} [signal]
 * @returns {Promise<FileEntry[]>}
 */
export async function toEntries(files, signal) {
  if (typeof files === 'string' || files instanceof URL) return [entry(await fetchFile(files, signal))]
  if (files instanceof File) return [entry(files)]
  return bounded(Array.from(/** @type {ArrayLike<File | FileEntry>} */ (files), item => item instanceof File ? entry(item) : item))
}

/**
 * Files and folders of a drop. Must be called in the drop's own event: its items are gone afterwards.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<FileEntry[]>}
 */
export async function droppedEntries(transfer) {
  const roots = Array.from(transfer.items, item => item.webkitGetAsEntry()).filter(root => root !== null)
  // A synthetic drop has files but no file system entries.
  if (roots.length === 0) return toEntries(transfer.files)
  /** @type {FileEntry[]} */
  const found = []
  const folders = [...roots]
  for (let next = folders.shift(); next; next = folders.shift()) {
    if (next.isFile) found.push({ file: await fileOf(/** @type {FileSystemFileEntry} */ (next)), path: next.fullPath.replace(/^\//, '') })
    else folders.push(...await childrenOf(/** @type {FileSystemDirectoryEntry} */ (next)))
    bounded(found)
    bounded(folders)
  }
  return found
}

/**
 * @param {File} file
 * @returns {FileEntry}
 */
function entry(file) {
  return { file, path: file.webkitRelativePath || file.name }
}

/**
 * @template T
 * @param {T[]} entries
 * @returns {T[]}
 */
function bounded(entries) {
  if (entries.length > MAX_FILES) throw checkpointError('too-large', `The folder holds more than ${MAX_FILES} files; choose the checkpoint's own folder.`)
  return entries
}

/**
 * @param {FileSystemFileEntry} file
 * @returns {Promise<File>}
 */
function fileOf(file) {
  return new Promise((resolve, reject) => file.file(resolve, error => reject(sourceError(file.name, error))))
}

/**
 * A directory is listed a hundred entries at a time, until a list comes back empty.
 *
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function childrenOf(folder) {
  const reader = folder.createReader()
  /** @type {FileSystemEntry[]} */
  const children = []
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, error => reject(sourceError(folder.name, error))))
    if (some.length === 0) return children
    children.push(...some)
    bounded(children)
  }
}

/**
 * @param {string | URL} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<File>}
 */
async function fetchFile(address, signal) {
  const url = new URL(address, document.baseURI)
  const name = decodeURIComponent(url.pathname.split('/').at(-1) || url.hostname)
  try {
    const response = await fetch(url, { signal })
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim())
    return new File([await response.blob()], name)
  } catch (error) {
    if (signal?.aborted) throw abortError()
    throw sourceError(name, /** @type {Error} */ (error))
  }
}

/**
 * @param {string} name
 * @param {Error} error
 */
function sourceError(name, error) {
  return checkpointError('source', `${name} could not be read: ${error.message}.`, { file: name })
}
