/**
 * One setting: what Kafka says about it, and how its text becomes a value. Messages are Kafka's, so that what people find
 * when they search for them is true here too.
 */

export type SettingType = 'boolean' | 'int' | 'short' | 'long' | 'double' | 'string' | 'list' | 'password' | 'class'

export interface SettingFact {
  readonly type: SettingType
  /** Kafka's default in text form; null: not set. */
  readonly default: string | null
  readonly min?: number
  readonly max?: number
  readonly orMinusOne?: boolean
  /** The only values that are allowed, of a list: of its items. */
  readonly values?: readonly string[]
  readonly ignoreCase?: boolean
}

export type SettingValue = boolean | number | string | readonly string[]

/** A value that its setting does not allow, or a name that nobody knows. The message is for whoever set it. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
}

const integerLimits: Partial<Record<SettingType, { min: bigint; max: bigint }>> = {
  short: { min: -(2n ** 15n), max: 2n ** 15n - 1n },
  int: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  long: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
}

/**
 * The value that a text stands for. Longs beyond 2^53 (Kafka's "no limit") become the largest exact number, which means the
 * same for every size and duration there is.
 * @throws SettingError
 */
export function parseSetting(name: string, fact: SettingFact, text: string): SettingValue {
  const value = convert(name, fact, text.trim())
  validate(name, fact, value)
  return value
}

function convert(name: string, fact: SettingFact, text: string): SettingValue {
  switch (fact.type) {
    case 'boolean': {
      const lower = text.toLowerCase()
      if (lower !== 'true' && lower !== 'false') {
        throw invalid(name, text, 'Expected value to be either true or false')
      }
      return lower === 'true'
    }
    case 'short':
    case 'int':
    case 'long': {
      const limits = integerLimits[fact.type]!
      const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text) : null
      if (value === null || value < limits.min || value > limits.max) {
        throw invalid(name, text, `Not a number of type ${fact.type.toUpperCase()}`)
      }
      return Math.max(Math.min(Number(value), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)
    }
    case 'double': {
      const value = Number(text)
      if (text === '' || Number.isNaN(value)) throw invalid(name, text, 'Not a number of type DOUBLE')
      return value
    }
    case 'list':
      return text === '' ? [] : text.split(',').map(item => item.trim())
    default:
      return text
  }
}

function validate(name: string, fact: SettingFact, value: SettingValue): void {
  if (typeof value === 'number') {
    if (fact.orMinusOne) {
      if (value === -1 || (value >= fact.min! && value <= fact.max!)) return
      throw invalid(name, value, `Value must be between ${fact.min} and ${fact.max} or equal to -1`)
    }
    if (fact.min !== undefined && value < fact.min) throw invalid(name, value, `Value must be at least ${fact.min}`)
    if (fact.max !== undefined && value > fact.max) throw invalid(name, value, `Value must be no more than ${fact.max}`)
  }
  if (fact.values === undefined) return
  for (const item of Array.isArray(value) ? value : [String(value)]) {
    const isKnown = fact.values.some(known =>
      fact.ignoreCase ? known.toLowerCase() === item.toLowerCase() : known === item,
    )
    if (!isKnown) throw invalid(name, item, `String must be one of: ${fact.values.join(', ')}`)
  }
}

function invalid(name: string, value: unknown, reason: string): SettingError {
  return new SettingError(`Invalid value ${String(value)} for configuration ${name}: ${reason}`)
}
