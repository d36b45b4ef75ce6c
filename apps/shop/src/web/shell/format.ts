/** How figures are written on the page, in one place. */
export function euros(minorUnits: number): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(minorUnits / 100)
}

export function count(value: number): string {
  return new Intl.NumberFormat('en').format(value)
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function shortId(id: string): string {
  return id.slice(-8)
}

/** `shop.payment.charged.v1` is read `payment charged`. */
export function eventName(type: string): string {
  return type
    .replace(/^shop\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll('.', ' ')
}
