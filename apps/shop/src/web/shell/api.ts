/** The requests that the page makes: the same API as everyone's. */
import type { OrderDetail, OrderRequest, Problem, Style } from '../../contracts/http.ts'

export type Product = { sku: string; name: string; unitPrice: number; currency: string }

/** What the customer saw: an answer, after how long. */
export type Placed = { style: Style; orderId: string | null; statusCode: number; answeredAfterMs: number; text: string }

export async function placeOrder(request: OrderRequest, style: Style): Promise<Placed> {
  const start = performance.now()
  try {
    const response = await fetch(`/orders?style=${style}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify(request),
    })
    const answeredAfterMs = performance.now() - start
    const body = (await response.json()) as { orderId?: string; status?: string } & Partial<Problem>
    const text = response.ok ? String(body.status) : (body.detail ?? response.statusText)
    return { style, orderId: body.orderId ?? null, statusCode: response.status, answeredAfterMs, text }
  } catch {
    const answeredAfterMs = performance.now() - start
    return { style, orderId: null, statusCode: 0, answeredAfterMs, text: 'The shop does not answer.' }
  }
}

/** @returns undefined when the order can't be read now */
export function readOrder(orderId: string): Promise<OrderDetail | undefined> {
  return read(`/orders/${encodeURIComponent(orderId)}`)
}

export async function readProducts(): Promise<Product[]> {
  const response = await fetch('/products')
  if (!response.ok) throw new Error(`the products could not be read: ${response.status}`)
  return ((await response.json()) as { products: Product[] }).products
}

/** @returns what is wrong, or undefined */
export const post = (path: string, body?: unknown) => send('POST', path, body)
export const put = (path: string, body: unknown) => send('PUT', path, body)

/** @returns undefined when it can't be read now */
export async function read<T>(path: string): Promise<T | undefined> {
  try {
    const response = await fetch(path)
    return response.ok ? ((await response.json()) as T) : undefined
  } catch {
    return undefined
  }
}

async function send(method: 'POST' | 'PUT', path: string, body: unknown): Promise<string | undefined> {
  try {
    const response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return response.ok ? undefined : ((await response.json()) as Problem).detail
  } catch {
    return 'The stage does not answer.'
  }
}
