/** About how much memory a decoded value keeps, as V8 lays it out with 8-byte pointers. For tests only. */
export function retainedBytes(value: unknown): number {
  switch (typeof value) {
    case 'bigint':
      return 24
    case 'string':
      return 24 + value.length
    case 'object':
      if (value === null) return 0
      if (Buffer.isBuffer(value)) return value.length === 0 ? 0 : 120
      if (Array.isArray(value)) return value.reduce((sum: number, element) => sum + 8 + retainedBytes(element), 48)
      return Object.values(value).reduce((sum: number, field) => sum + 8 + retainedBytes(field), 24)
    default:
      return 0
  }
}
