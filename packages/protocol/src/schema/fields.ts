/**
 * The words in which messages are declared, and the TypeScript types that follow from a declaration.
 *
 * A field stands where it stands on the wire. Its options say which versions carry it; in the others it holds its default after
 * decoding and is left out when encoding. A field that some version lacks, or that has a default, may be left out of what is encoded.
 */

import type { ByteChunks } from './writer.ts'

type PrimitiveType =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

export type FieldType = PrimitiveType | 'array' | 'struct'

export interface FieldOptions<Default = unknown> {
  /** First version that carries the field; the message's lowest unless given. */
  readonly since?: number
  /** Last version that carries the field. */
  readonly until?: number
  /** First version in which the value may be null (with `nullable`); all of them unless given. */
  readonly nullableSince?: number
  /** The field is a tagged one: written only where it differs from its default. */
  readonly tag?: number
  /** Zero, false, empty, or a struct of defaults unless given. */
  readonly default?: Default
  /** A string that keeps its two-byte length in flexible versions too: the client id in the request header. */
  readonly neverCompact?: boolean
}

declare const types: unique symbol

export interface Field<Decoded = unknown, Input = unknown, Optional extends boolean = boolean> {
  readonly type: FieldType
  readonly nullable: boolean
  readonly options: FieldOptions
  /** Of an array. */
  readonly element?: Field
  /** Of a struct. */
  readonly fields?: Fields
  /** Exists for the type checker only. */
  readonly [types]?: { decoded: Decoded; input: Input; optional: Optional }
}

export type Fields = { readonly [name: string]: Field }

/** Fields that some version lacks or that have a default need not be given. */
type IsOptional<O> = O extends { since: number } | { until: number } | { tag: number } | { default: unknown }
  ? true
  : false

type DecodedField<F> = F extends Field<infer Decoded> ? Decoded : never
type InputField<F> = F extends Field<infer _, infer Input> ? Input : never
type OptionalName<F, Name extends keyof F> =
  F[Name] extends Field<infer _D, infer _I, infer Optional> ? (Optional extends true ? Name : never) : never

/** What decoding yields: every field is there. */
export type Decoded<F extends Fields> = { [Name in keyof F]: DecodedField<F[Name]> }

/** What encoding takes. */
export type Input<F extends Fields> = {
  readonly [Name in keyof F as Name extends OptionalName<F, Name> ? never : Name]: InputField<F[Name]>
} & {
  readonly [Name in keyof F as OptionalName<F, Name>]?: InputField<F[Name]> | undefined
}

type NoOptions = Record<never, never>

function primitive<Decoded, Input = Decoded>(type: PrimitiveType) {
  return <const O extends FieldOptions<Decoded> = NoOptions>(options?: O): Field<Decoded, Input, IsOptional<O>> => ({
    type,
    nullable: false,
    options: options ?? {},
  })
}

export const boolean = primitive<boolean>('boolean')
export const int8 = primitive<number>('int8')
export const int16 = primitive<number>('int16')
export const int32 = primitive<number>('int32')
/** Exact on the wire: decodes to a bigint, encodes from either. */
export const int64 = primitive<bigint, number | bigint>('int64')
export const uint16 = primitive<number>('uint16')
export const uint32 = primitive<number>('uint32')
export const float64 = primitive<number>('float64')
/** 22 characters of URL-safe base64; see uuid.ts. */
export const uuid = primitive<string>('uuid')
export const string = primitive<string>('string')
/** Decodes to a view on the message. */
export const bytes = primitive<Buffer, ByteChunks>('bytes')
/** Record batches, which the codec does not look into. Decodes to a view on the message; large ones are written by reference. */
export const records = primitive<Buffer, ByteChunks>('records')

/** An array of a field's type, or of structs where the fields are given directly. */
export function array<const E extends Field | Fields, const O extends FieldOptions<never[]> = NoOptions>(
  element: E,
  options?: O,
): E extends Field<infer D, infer I>
  ? Field<D[], readonly I[], IsOptional<O>>
  : E extends Fields
    ? Field<Decoded<E>[], readonly Input<E>[], IsOptional<O>>
    : never
export function array(element: Field | Fields, options: FieldOptions = {}): Field {
  return { type: 'array', nullable: false, options, element: isField(element) ? element : struct(element) }
}

export function struct<const F extends Fields, const O extends FieldOptions<never> = NoOptions>(
  fields: F,
  options?: O,
): Field<Decoded<F>, Input<F>, IsOptional<O>> {
  return { type: 'struct', nullable: false, options: options ?? {}, fields }
}

/** The field may also be null. The options stand here, not on the field inside. */
export function nullable<D, I, const O extends FieldOptions<D | null> = NoOptions>(
  field: Field<D, I>,
  options?: O,
): Field<D | null, I | null, IsOptional<O>> {
  return { ...(field as Field), nullable: true, options: options ?? {} } as Field<D | null, I | null, IsOptional<O>>
}

function isField(value: Field | Fields): value is Field {
  return typeof value.type === 'string'
}
