/**
 * Features of the server as ApiVersions tells them. Only what is there: clients decide by these what they may use
 * (transaction protocol versions, consumer group protocol, share groups).
 */

export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** The level that a new data directory begins with. */
  readonly finalizedVersion: number
}

/** The consumer group protocol (KIP-848). */
const groupVersion = 1

/** Transactions in which each end gives the producer a new epoch (KIP-890). */
const transactionVersion = 2

/** Kafka 4.4's (4.4-IV2): it says which record formats the metadata log may hold, and tools ask for it. */
const metadataVersion = 33

export const supportedFeatures: readonly SupportedFeature[] = [
  { name: 'group.version', minVersion: 0, maxVersion: groupVersion, finalizedVersion: groupVersion },
  { name: 'metadata.version', minVersion: 7, maxVersion: metadataVersion, finalizedVersion: metadataVersion },
  { name: 'transaction.version', minVersion: 0, maxVersion: transactionVersion, finalizedVersion: transactionVersion },
]
