/**
 * Compiles the encoder of one message in one version. Fields that the version lacks are not looked at; fields left out are written
 * with their defaults; tagged fields are written only where they differ from their defaults, in ascending order.
 */

import type { Fields } from './fields.ts'
import {
  elementLayout,
  type FieldLayout,
  fieldLayouts,
  fixedSize,
  tagged,
  untagged,
  type VersionContext,
} from './layout.ts'
import { defaultSource, methodName, Source } from './source.ts'
import type { Writer } from './writer.ts'

export function compileWriter<Input>(
  fields: Fields,
  context: VersionContext,
  description: string,
): (writer: Writer, value: Input) => void {
  const source = new Source(context)
  return source.compile(structWriter(fields, source), `${description}/write`)
}

function structWriter(fields: Fields, source: Source): string {
  const { context } = source
  const layouts = fieldLayouts(fields, context)
  const lines = untagged(layouts).map(layout => valueWriter(layout, givenOrDefault(layout, context), source))
  const tags = tagged(layouts)
  if (tags.length > 0) {
    for (const layout of tags)
      lines.push(`const tag${layout.tag} = !(${isDefault(layout, `v.${layout.name}`, source)})`)
    lines.push(`w.varuint(${tags.map(({ tag }) => `(tag${tag} ? 1 : 0)`).join(' + ')})`)
    for (const layout of tags) lines.push(`if (tag${layout.tag}) { ${taggedFieldWriter(layout, source)} }`)
  } else if (context.flexible) {
    lines.push('w.varuint(0)')
  }
  return source.define('w, v', lines)
}

function givenOrDefault(layout: FieldLayout, context: VersionContext): string {
  const given = `v.${layout.name}`
  const { since, until, default: defaultValue } = layout.field.options
  const optional = since !== undefined || until !== undefined || defaultValue !== undefined
  return optional ? `(${given} === undefined ? ${defaultSource(layout, context)} : ${given})` : given
}

/** A statement that writes the value of an expression, which is evaluated once. */
function valueWriter(layout: FieldLayout, expression: string, source: Source): string {
  switch (layout.field.type) {
    case 'array':
      return `${arrayWriter(layout, source)}(w, ${expression})`
    case 'struct': {
      const write = structWriter(layout.field.fields ?? {}, source)
      if (!layout.nullable) return `${write}(w, ${expression})`
      const nullByte = layout.tag === null ? -1 : 0
      return `${source.define('w, v', [`if (v === null) w.int8(${nullByte})`, `else { w.int8(1); ${write}(w, v) }`])}(w, ${expression})`
    }
    default:
      return `w.${methodName(layout)}(${expression})`
  }
}

function arrayWriter(layout: FieldLayout, source: Source): string {
  const writeLength = `w.${layout.compact ? 'compactArrayLength' : 'arrayLength'}`
  const element = elementLayout(layout, source.context)
  return source.define('w, v', [
    ...(layout.nullable ? [`if (v === null) { ${writeLength}(-1); return }`] : []),
    `${writeLength}(v.length)`,
    `for (let i = 0; i < v.length; i++) ${valueWriter(element, 'v[i]', source)}`,
  ])
}

function taggedFieldWriter(layout: FieldLayout & { tag: number }, source: Source): string {
  const given = `v.${layout.name}`
  const size = fixedSize(layout, source.context)
  if (size !== null) return `w.varuint(${layout.tag}); w.varuint(${size}); ${valueWriter(layout, given, source)}`
  return `w.taggedField(${layout.tag}, w => { ${valueWriter(layout, given, source)} })`
}

/** An expression that is true where the value, if given, is the field's default. */
function isDefault(layout: FieldLayout, value: string, source: Source): string {
  return `${value} === undefined || ${equalsDefault(layout, value, source)}`
}

function equalsDefault(layout: FieldLayout, value: string, source: Source): string {
  const { field } = layout
  if (field.options.default === null) return `${value} === null`
  const notNull = field.nullable ? `${value} !== null && ` : ''
  switch (field.type) {
    case 'array':
    case 'bytes':
    case 'records':
      return `${notNull}${value}.length === 0`
    case 'struct': {
      const layouts = fieldLayouts(field.fields ?? {}, source.context).filter(({ present }) => present)
      const conditions = layouts.map(inner => `(${isDefault(inner, `v.${inner.name}`, source)})`)
      return `${notNull}${source.define('v', [`return ${conditions.join(' && ')}`])}(${value})`
    }
    case 'int64':
      // Loosely: a number and a bigint may both be given.
      return `${value} == ${(field.options.default ?? 0n) as bigint}n`
    default:
      return `${value} === ${defaultSource(layout, source.context)}`
  }
}
