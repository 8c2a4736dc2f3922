// A PyTorch checkpoint of many tensors in nested dictionaries, opcode by opcode.

const { concat, from } = Buffer

/** @param {string} text the opcode of a text */
const text = text => {
  const bytes = from(text)
  const length = Buffer.alloc(5, 'X')
  length.writeUInt32LE(bytes.length, 1)
  return concat([length, bytes])
}

/** @param {[string, Buffer][]} pairs */
const dictionary = pairs => concat([from('}('), ...pairs.flatMap(([key, value]) => [text(key), value]), from('u')])

/** A float32 of its own storage. @param {number} key */
const tensor = key => concat([
  from('ctorch._utils\n_rebuild_tensor_v2\n(('), text('storage'), from('ctorch\nFloatStorage\n'), text(String(key)), text('cpu'),
  from('K\x01tQK\x00K\x01\x85K\x01\x85\x89}tR', 'latin1'),
])

/**
 * The bytes of a checkpoint of `layers` × 25 × 4 tensors, three dictionaries deep.
 *
 * @param {number} layers
 */
export function nestedCheckpoint(layers) {
  let key = 0
  const expert = () => dictionary(['w1', 'w2', 'w3', 'bias'].map(name => [name, tensor(key++)]))
  const layer = () => dictionary(Array.from({ length: 25 }, (_, index) => [`expert_${index}`, expert()]))
  const pickle = concat([from('\x80\x02', 'latin1'), dictionary(Array.from({ length: layers }, (_, index) => [`layer${index}`, layer()])), from('.')])
  const storages = Array.from({ length: key }, (_, index) => /** @type {[string, Buffer]} */ ([`model/data/${index}`, Buffer.alloc(4)]))
  return archive([['model/data.pkl', pickle], ['model/byteorder', from('little')], ['model/version', from('3\n')], ...storages])
}

/**
 * A zip archive of stored entries, with 64-bit numbers at its end and no checksums.
 *
 * @param {[string, Buffer][]} entries
 */
function archive(entries) {
  /** @type {Buffer[]} */
  const parts = []
  /** @type {Buffer[]} */
  const directory = []
  let offset = 0
  for (const [name, bytes] of entries) {
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt32LE(bytes.length, 18)
    local.writeUInt32LE(bytes.length, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt32LE(bytes.length, 20)
    central.writeUInt32LE(bytes.length, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(offset, 42)
    parts.push(local, from(name), bytes)
    directory.push(central, from(name))
    offset += 30 + name.length + bytes.length
  }
  const listed = concat(directory)
  const end = Buffer.alloc(56 + 20 + 22)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  for (const at of [24, 32]) end.writeBigUInt64LE(BigInt(entries.length), at)
  end.writeBigUInt64LE(BigInt(listed.length), 40)
  end.writeBigUInt64LE(BigInt(offset), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(offset + listed.length), 64)
  end.writeUInt32LE(1, 72)
  end.writeUInt32LE(0x06054b50, 76)
  end.fill(0xff, 84, 96)
  return concat([...parts, listed, end])
}
