/** How wide an element is, kept up to date. */
import { type RefCallback, useCallback, useRef, useState } from 'react'

/** @returns a ref for the element, and its width in pixels (0 before it is there) */
export function useWidth(): [RefCallback<HTMLElement>, number] {
  const [width, setWidth] = useState(0)
  const observer = useRef<ResizeObserver | undefined>(undefined)
  const ref = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect()
    if (element === null) return
    observer.current = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.current.observe(element)
    setWidth(Math.floor(element.clientWidth))
  }, [])
  return [ref, width]
}
