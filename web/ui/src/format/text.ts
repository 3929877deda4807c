/** Sets the arrows of plain text, such as "v41 -> v42", as arrows. */
export function arrows(text: string): string {
  return text.replaceAll(' -> ', ' → ')
}

/**
 * Writes a selector the way people do: {__name__="up", job="a"} is up{job="a"}.
 * So the same series is known for the same, whoever wrote its selector.
 */
export function selector(query: string): string {
  const found = /^\{__name__="([a-zA-Z_:][\w:]*)"(?:,\s*(.*))?\}$/.exec(query.trim())
  const text = found ? `${found[1]}${found[2] ? `{${found[2]}}` : ''}` : query.trim()
  return text.replaceAll('", ', '",')
}
