/**
 * Collects the source text of a codec: a set of functions, made into JavaScript at the end. Source comes from our own schemas only;
 * no byte from outside ever gets here.
 */

import { type FieldLayout, fieldLayouts, type VersionContext } from './layout.ts'
import { zeroUuid } from './uuid.ts'

export class Source {
  readonly context: VersionContext
  readonly #functions: string[] = []

  constructor(context: VersionContext) {
    this.context = context
  }

  /** Adds a function and returns its name. */
  define(parameters: string, lines: readonly string[]): string {
    const name = `f${this.#functions.length}`
    this.#functions.push(`function ${name}(${parameters}) {\n${lines.map(line => `  ${line}`).join('\n')}\n}`)
    return name
  }

  /** The function of that name, compiled with all it calls. */
  compile<F>(name: string, description: string): F {
    const source = `'use strict'\n${this.#functions.join('\n')}\nreturn ${name}\n//# sourceURL=ottla:${description}`
    return new Function(source)() as F
  }
}

/** An expression for the field's default, a fresh value at each evaluation. */
export function defaultSource({ field }: FieldLayout, context: VersionContext): string {
  const value = field.options.default
  if (value === null) return 'null'
  switch (field.type) {
    case 'boolean':
      return String(value ?? false)
    case 'int64':
      return `${(value ?? 0n) as bigint}n`
    case 'uuid':
      return JSON.stringify(value ?? zeroUuid)
    case 'string':
      return JSON.stringify(value ?? '')
    case 'bytes':
    case 'records':
      return 'Buffer.alloc(0)'
    case 'array':
      return '[]'
    case 'struct': {
      const fields = fieldLayouts(field.fields ?? {}, context)
      return `{ ${fields.map(inner => `${inner.name}: ${defaultSource(inner, context)}`).join(', ')} }`
    }
    default:
      return String(value ?? 0)
  }
}

/** The method of Reader and Writer that takes this primitive type: `int32`, `compactNullableString` … */
export function methodName({ field, nullable, compact }: FieldLayout): string {
  if (field.type === 'array' || field.type === 'struct') throw new Error(`${field.type} is not a primitive type`)
  const name = field.type === 'records' ? 'bytes' : field.type
  if (name !== 'string' && name !== 'bytes') {
    if (nullable) throw new Error(`${field.type} cannot be null`)
    return name
  }
  const words = [compact ? 'compact' : '', nullable ? 'nullable' : '', name].filter(word => word !== '')
  return words.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('')
}
