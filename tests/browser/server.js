// Serves a folder's files on 127.0.0.1, as any static host would: `node server.js FOLDER [PORT]`.

import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { pipeline } from 'node:stream'
import { pathToFileURL } from 'node:url'

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

/**
 * Starts serving; resolves to the address and a function that stops it.
 * @param {string} folder
 * @param {number} [port] any free one by default
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export function serve(folder, port = 0) {
  const top = resolve(folder)
  const server = createServer((request, response) => {
    const found = find(top, request.url ?? '/')
    if (!found) {
      response.writeHead(404).end('not found')
      return
    }
    const { file, size } = found
    const type = TYPES[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-length': size, 'cache-control': 'no-cache' })
    // A file that a new build takes away meanwhile ends this answer, not the server.
    pipeline(createReadStream(file), response, () => response.destroy())
  })
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const bound = typeof address === 'object' && address ? address.port : port
      const stop = () =>
        /** @type {Promise<void>} */ (
          new Promise((stopped) => {
            server.close(() => stopped())
            server.closeAllConnections()
          })
        )
      done({ url: `http://127.0.0.1:${bound}`, stop })
    })
  })
}

/**
 * The file that an address means, a folder's being its index.html; none for an address that cannot be decoded, or that
 * no file can have.
 * @param {string} top
 * @param {string} address
 */
function find(top, address) {
  try {
    // `normalize` takes every `..` out of an absolute path, so nothing above the folder is reached.
    const path = join(top, normalize(`/${decodeURIComponent(address.split(/[?#]/, 1)[0])}`))
    const file = statSync(path).isDirectory() ? join(path, 'index.html') : path
    const facts = statSync(file)
    return facts.isFile() ? { file, size: facts.size } : undefined
  } catch {
    return undefined
  }
}

const [, script, folder, port] = process.argv
if (script && folder && import.meta.url === pathToFileURL(script).href) {
  serve(folder, Number(port ?? 8080)).then(
    ({ url }) => console.log(`Paramscope is at ${url} (Ctrl+C stops it)`),
    (error) => {
      console.error(`error: port ${port} cannot be used: ${error.message}. Choose another with --port.`)
      process.exitCode = 1
    },
  )
}
