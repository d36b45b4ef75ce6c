/** The metric table in Prometheus' text format, written by prom-client. */

import { type Metric, Registry } from 'prom-client'
import { type MetricSource, metricTable } from './metric-table.ts'

export interface Exposition {
  readonly contentType: string
  /** The values of now. */
  text(): Promise<string>
}

export function exposition(source: MetricSource): Exposition {
  const registry = new Registry()
  for (const { name, help, type, read } of metricTable) {
    const get = async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: [...read(source)].map(({ suffix = '', labels = {}, value }) => ({
        metricName: `${name}${suffix}`,
        labels,
        value,
      })),
    })
    // All that a registry asks of a metric is its name and its values. prom-client's own metrics would have to be counted up request by request.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  return { contentType: registry.contentType, text: () => registry.metrics() }
}
