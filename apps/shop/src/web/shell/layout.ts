/** The widest the page gets: beyond it lines and pictures become too long to take in. */
export const pageWidth = 1720
