// What a page loads: registers <param-scope> where there are elements to register, and exports the JavaScript API.

import { openCheckpoint } from './checkpoint.js'
import { ParamScope } from './param-scope.js'

export { openCheckpoint, ParamScope }

if (globalThis.customElements && !customElements.get('param-scope')) customElements.define('param-scope', ParamScope)
