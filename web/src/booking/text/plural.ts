/*
 * Words that depend on how many. Arabic has six forms, English two; Intl knows which number takes which.
 * "#" in a form is the number, written as the language writes it.
 */
export type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

/**
 * The digits of a language. Which ones plain Arabic has, browsers of different years say differently; ours has those that it has in the
 * newest, and a page looks the same in all. A region ("ar-EG") is asked for what it uses.
 */
export const digitsOf = (locale: string): string => (locale === "ar" ? "latn" : new Intl.NumberFormat(locale).resolvedOptions().numberingSystem);

export function plural(locale: string): (n: number, forms: Forms) => string {
	const rules = new Intl.PluralRules(locale);
	const number = new Intl.NumberFormat(locale, { numberingSystem: digitsOf(locale) });
	return (n, forms) => (forms[rules.select(n)] ?? forms.other).replace("#", number.format(n));
}
