/** The Analytics service: it reads everyone's orders and nobody waits for it. */
import { getTotals } from '../contracts/http.ts'
import { runService } from '../kit/service.ts'
import { openAnalyticsDatabase, readModel } from './database.ts'
import { analyticsReactions } from './react.ts'
import { readTotals } from './totals.ts'

await runService({
  name: 'analytics',
  open: settings => openAnalyticsDatabase(settings.database),
  routes: (app, { database }) => {
    app.get(getTotals.url, { schema: { response: getTotals.response } }, () => readTotals(database))
  },
  reactions: analyticsReactions,
  readModel,
  done: async database => (await readTotals(database)).orders,
  books: async database => {
    const { orders, revenue, bySku } = await readTotals(database)
    const units = bySku.reduce((sum, { quantity }) => sum + quantity, 0)
    const amount = bySku.reduce((sum, sold) => sum + sold.amount, 0)
    return { ...orders, revenue, units, amount }
  },
})
