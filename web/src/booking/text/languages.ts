/*
 * The languages of the pages, in the order of the menu. A row here and a catalogue of that name is all a new one needs: the
 * build makes its script and its shell, and the server offers what it finds.
 */
export interface Language {
	/** What it calls itself. */
	readonly name: string;
	readonly dir: "ltr" | "rtl";
}

export const LANGUAGES: Readonly<Record<string, Language>> = {
	en: { name: "English", dir: "ltr" },
	de: { name: "Deutsch", dir: "ltr" },
	pt: { name: "Português", dir: "ltr" },
	ar: { name: "العربية", dir: "rtl" },
};
