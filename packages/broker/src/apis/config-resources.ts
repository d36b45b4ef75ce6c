/** Kafka's codes for what has settings, and for where a value comes from. */

import { configResourceCodes } from '../metadata/config-resource.ts'

/** `ConfigResource.Type`. Loggers are asked for like settings; there are none here. */
export const configResources = { ...configResourceCodes, brokerLogger: 8 } as const

/** `DescribeConfigsResponse.ConfigSource` */
export const configSourceCodes = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefault: 3,
  static: 4,
  default: 5,
  clientMetrics: 7,
  group: 8,
} as const
