// What the page is told of the module (www/wasm/core.d.ts, by hand, because wasm-bindgen knows an object only as `any`)
// must name nothing that the built module lacks, nor call it in a way that it does not take.

import type * as built from '../../target/site-module/core'
import type * as told from '../../www/wasm/core'

/** `T`, if it can stand where a `U` is expected. */
type Fits<T extends U, U> = T

export type Boundary = Fits<typeof built, typeof told>
