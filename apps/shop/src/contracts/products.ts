/**
 * The catalogue that a new shop starts with. Order prices from it and Inventory puts its stock on the shelf at first start.
 * Two products are there for the unhappy paths: one is scarce, and one costs more than the bank lets a customer spend at once.
 */
export type Product = { sku: string; name: string; unitPrice: number; currency: 'EUR'; initialStock: number }

export const products: readonly Product[] = [
  { sku: 'mug', name: 'Enamel mug', unitPrice: 1290, currency: 'EUR', initialStock: 100_000 },
  { sku: 'notebook', name: 'Dotted notebook', unitPrice: 1850, currency: 'EUR', initialStock: 50_000 },
  { sku: 'pencil', name: 'Drawing pencil', unitPrice: 240, currency: 'EUR', initialStock: 200_000 },
  { sku: 'print', name: 'Signed print', unitPrice: 4500, currency: 'EUR', initialStock: 3 },
  { sku: 'desk', name: 'Oak writing desk', unitPrice: 129_000, currency: 'EUR', initialStock: 1_000 },
]

export function findProduct(sku: string): Product | undefined {
  return products.find(product => product.sku === sku)
}
