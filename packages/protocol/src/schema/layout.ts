/**
 * What a schema means in one version: which fields are there, which are tagged, what may be null, how large the smallest value is.
 */

import type { Field, Fields } from './fields.ts'

/** The version a codec is compiled for. */
export interface VersionContext {
  readonly version: number
  /** Compact lengths and tagged fields. */
  readonly flexible: boolean
}

export interface FieldLayout {
  readonly name: string
  readonly field: Field
  /** On the wire in this version. */
  readonly present: boolean
  /** May be null in this version. */
  readonly nullable: boolean
  readonly compact: boolean
  readonly tag: number | null
}

export function fieldLayouts(fields: Fields, context: VersionContext): FieldLayout[] {
  return Object.entries(fields).map(([name, field]) => {
    // Names become source text in the compiled codec, so they must be plain identifiers.
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new Error(`not a field name: ${JSON.stringify(name)}`)
    return layoutOf(name, field, context)
  })
}

/** An array's elements have neither versions nor tags of their own. */
export function elementLayout(array: FieldLayout, context: VersionContext): FieldLayout {
  if (!array.field.element) throw new Error(`${array.name} is not an array`)
  return layoutOf(array.name, array.field.element, context)
}

function layoutOf(name: string, field: Field, { version, flexible }: VersionContext): FieldLayout {
  const { since = 0, until = Number.POSITIVE_INFINITY, nullableSince = 0, tag, neverCompact = false } = field.options
  if (tag !== undefined && !flexible && version >= since)
    throw new Error(`${name} is tagged before the flexible versions`)
  return {
    name,
    field,
    present: version >= since && version <= until,
    nullable: field.nullable && version >= nullableSince,
    compact: flexible && !neverCompact,
    tag: tag ?? null,
  }
}

export function untagged(layouts: readonly FieldLayout[]): FieldLayout[] {
  return layouts.filter(({ present, tag }) => present && tag === null)
}

/** In the order in which they are written. */
export function tagged(layouts: readonly FieldLayout[]): (FieldLayout & { tag: number })[] {
  return layouts
    .filter((layout): layout is FieldLayout & { tag: number } => layout.present && layout.tag !== null)
    .sort((a, b) => a.tag - b.tag)
}

const fixedBytes: Partial<Record<Field['type'], number>> = {
  boolean: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint16: 2,
  uint32: 4,
  float64: 8,
  uuid: 16,
}

/** The bytes that every value of this field takes, null if that depends on the value. */
export function fixedSize(layout: FieldLayout, context: VersionContext): number | null {
  const { field, nullable } = layout
  if (field.type !== 'struct' || nullable) return fixedBytes[field.type] ?? null
  const layouts = fieldLayouts(field.fields ?? {}, context)
  if (tagged(layouts).length > 0) return null
  let size = context.flexible ? 1 : 0
  for (const inner of untagged(layouts)) {
    const innerSize = fixedSize(inner, context)
    if (innerSize === null) return null
    size += innerSize
  }
  return size
}

/** The fewest bytes a value of this field takes. */
export function minimumSize(layout: FieldLayout, context: VersionContext): number {
  const { field, nullable, compact } = layout
  if (field.type === 'struct') {
    if (nullable) return 1
    const sizes = untagged(fieldLayouts(field.fields ?? {}, context)).map(inner => minimumSize(inner, context))
    return sizes.reduce((sum, size) => sum + size, context.flexible ? 1 : 0)
  }
  const fixed = fixedBytes[field.type]
  if (fixed !== undefined) return fixed
  if (compact) return 1
  return field.type === 'string' ? 2 : 4
}
