/** Words as they are compared when somebody searches: without capitals, accents and marks. */
export const plain = (words: string): string => words.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
