/** Kafka's codes for what has settings, and for where a value comes from. */

/** `ConfigResource.Type` */
export const configResources = {
  topic: 2,
  broker: 4,
  group: 32,
} as const

/** `DescribeConfigsResponse.ConfigSource` */
export const configSourceCodes = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefault: 3,
  static: 4,
  default: 5,
  group: 8,
} as const
