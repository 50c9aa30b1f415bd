/*
 * Words that depend on how many. Arabic has six forms, English two; Intl knows which number takes which.
 * "#" in a form is the number, written as the language writes it.
 */
export type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

export function plural(locale: string): (n: number, forms: Forms) => string {
	const rules = new Intl.PluralRules(locale);
	const number = new Intl.NumberFormat(locale);
	return (n, forms) => (forms[rules.select(n)] ?? forms.other).replace("#", number.format(n));
}
