// Serves a folder's files on 127.0.0.1, as any static host would: `node server.js FOLDER [PORT]`.

import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
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
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    // `normalize` takes every `..` out of an absolute path, so nothing above the folder is reached.
    let file = join(top, normalize(path))
    let facts = statSync(file, { throwIfNoEntry: false })
    if (facts?.isDirectory()) {
      file = join(file, 'index.html')
      facts = statSync(file, { throwIfNoEntry: false })
    }
    if (!facts?.isFile()) {
      response.writeHead(404).end('not found')
      return
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-length': facts.size, 'cache-control': 'no-cache' })
    createReadStream(file).pipe(response)
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
