/** Sets the arrows of plain text, such as "v41 -> v42", as arrows. */
export function arrows(text: string): string {
  return text.replaceAll(' -> ', ' → ')
}
