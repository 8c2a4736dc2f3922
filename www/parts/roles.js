// What a tensor is for, in words.

/** @type {Record<NonNullable<import('../types').TensorInfo['role']>, import('./texts.js').Key>} */
export const ROLES = { parameter: 'roleParameter', buffer: 'roleBuffer', optimizer: 'roleOptimizer', other: 'roleOther' }
