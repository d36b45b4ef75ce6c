/**
 * Compiles the decoder of one message in one version: straight-line code over a Reader, one function a struct, each result an object
 * literal with all of the schema's fields in the schema's order, so that every version of a message yields objects of one shape.
 */

import type { Fields } from './fields.ts'
import {
  elementLayout,
  type FieldLayout,
  fieldLayouts,
  minimumSize,
  tagged,
  untagged,
  type VersionContext,
} from './layout.ts'
import type { Reader } from './reader.ts'
import { defaultSource, methodName, Source } from './source.ts'

export function compileReader<Decoded>(
  fields: Fields,
  context: VersionContext,
  description: string,
): (reader: Reader) => Decoded {
  const source = new Source(context)
  return source.compile(structReader(fields, source), `${description}/read`)
}

function structReader(fields: Fields, source: Source): string {
  const { context } = source
  const layouts = fieldLayouts(fields, context)
  const local = (layout: FieldLayout) => `field${layouts.indexOf(layout)}`
  const lines: string[] = []
  for (const layout of untagged(layouts)) lines.push(`const ${local(layout)} = ${valueReader(layout, source)}`)

  const tags = tagged(layouts)
  for (const layout of tags) lines.push(`let ${local(layout)} = ${defaultSource(layout, context)}`)
  if (tags.length > 0) {
    lines.push(
      'for (let count = r.taggedFieldCount(), tag = -1; count > 0; count--) {',
      '  tag = r.tag(tag)',
      '  const end = r.taggedFieldEnd()',
      '  switch (tag) {',
    )
    for (const layout of tags) {
      lines.push(`    case ${layout.tag}:`, `      ${local(layout)} = ${valueReader(layout, source)}`, '      break')
    }
    lines.push('    default:', '      r.position = end', '  }', '  r.endTaggedField(end)', '}')
  } else if (context.flexible) {
    lines.push('r.skipTaggedFields()')
  }

  const properties = layouts.map(
    layout => `${layout.name}: ${layout.present ? local(layout) : defaultSource(layout, context)}`,
  )
  lines.push(`return { ${properties.join(', ')} }`)
  return source.define('r', lines)
}

/** An expression that reads one value. */
function valueReader(layout: FieldLayout, source: Source): string {
  switch (layout.field.type) {
    case 'array':
      return `${arrayReader(layout, source)}(r)`
    case 'struct': {
      const read = `${structReader(layout.field.fields ?? {}, source)}(r)`
      if (!layout.nullable) return read
      // Kafka writes a null struct as -1, but as 0 in a tagged field.
      return `(r.int8() ${layout.tag === null ? '<' : '<='} 0 ? null : ${read})`
    }
    default:
      return `r.${methodName(layout)}()`
  }
}

function arrayReader(layout: FieldLayout, source: Source): string {
  const element = elementLayout(layout, source.context)
  const minimum = minimumSize(element, source.context)
  if (minimum === 0) throw new Error(`elements of ${layout.name} take no bytes: their number would have no bound`)
  return source.define('r', [
    `let length = r.${layout.compact ? 'compactArrayLength' : 'arrayLength'}(${minimum})`,
    layout.nullable
      ? 'if (length < 0) return null'
      : `if (length < 0) throw r.malformed('${layout.name} must not be null')`,
    'const elements = []',
    `for (; length > 0; length--) elements.push(${valueReader(element, source)})`,
    'return elements',
  ])
}
