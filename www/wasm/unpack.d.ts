/**
 * All bytes inside of a file that is packed as a whole; of more than `most` no more than one above. Throws what the decoder
 * says of damaged bytes.
 */
export function unpack(way: string, packed: Uint8Array, most: number): Uint8Array

export default function init(options: { module_or_path: URL }): Promise<unknown>
