/** Texts met lately. The oldest are forgotten when all of them together are longer than `maxLength` characters. */
export class RecentTexts {
  readonly #maxLength: number;
  readonly #texts = new Set<string>();
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#length += text.length;
    for (const oldest of this.#texts) {
      if (this.#length <= this.#maxLength) return;
      this.#texts.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}
