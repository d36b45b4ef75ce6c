/** docs/metrics.md, made from the table. Run by itself it prints the page. */

import { metricTable } from './metric-table.ts'

export function metricsPage(): string {
  const rows = metricTable.map(({ name, type, labels, help, mbean }) => {
    const labelText = labels.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${labelText} | ${help} | ${mbean === null ? '' : `\`${mbean}\``} |`
  })
  return `# Metrics and health

\`\`\`sh
ottla start --http-port 9644        # or http.port=9644 in the file of --config; 0 takes a free port
curl http://127.0.0.1:9644/metrics
\`\`\`

The port is off by default and listens on 127.0.0.1 only. A request must name it \`localhost\`, \`127.0.0.1\` or \`[::1]\` in its Host header;
any other name is refused with 403, so that no page in a browser reads it by DNS rebinding.

| path | |
| --- | --- |
| \`/metrics\` | all metrics below, in Prometheus' text format |
| \`/healthz\` | 200 while the process answers |
| \`/readyz\` | 200 when everything is served; else 503 with a line for each thing that is not: partitions that are offline and why, groups or transactions that are being loaded |

Counters begin at 0 with each start. The page below is made from the table in the code
(\`node packages/ottla/src/metrics/metrics-page.ts > docs/metrics.md\`); a test compares them. A dashboard for Grafana that uses these names is
\`docs/grafana-dashboard.json\`: import it, and choose the data source.

| metric | type | labels | what it is | Apache Kafka's MBean |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (import.meta.main) process.stdout.write(metricsPage())
