/** Bytes that are no valid record batch, or records in one that can't be decoded. The only error this folder throws on bad input. */
export class CorruptBatchError extends Error {
  /** Where in the buffer the batch begins that can't be read. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.name = 'CorruptBatchError'
    this.position = position
  }
}
