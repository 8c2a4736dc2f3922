// What a page loads: registers <param-scope> where there are elements to register, and exports the JavaScript API.

import { openCheckpoint } from './checkpoint.js'
import { ParamScope } from './param-scope.js'

/** @type {typeof import('./types').ParamScope} */
const Element = ParamScope

export { openCheckpoint, Element as ParamScope }

if (globalThis.customElements && !customElements.get('param-scope')) customElements.define('param-scope', ParamScope)
