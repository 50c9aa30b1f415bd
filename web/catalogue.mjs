/*
 * A catalogue in two scripts: the words of the first load, and the rest, which comes with what is drawn later. Nobody has to say
 * which is which: the groups of words (`text.banner`, `text.form`) that the first load's sources name are its own.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import ts from "typescript";

const parse = async (file) => ts.createSourceFile(file, await readFile(file, "utf8"), ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);

/** `import { text }`, `{ text: … }`, `node.text`, `<Part text=…>` */
const isMereName = ({ parent, ...node }) => ts.isImportSpecifier(parent) || (parent.name?.pos === node.pos && !ts.isVariableDeclaration(parent) && !ts.isParameter(parent));

/**
 * The parts that lazily() fetches at once wherever some condition holds (its third argument): they wait for nothing, so what they need
 * belongs to the first load as well.
 */
export async function partsAtOnce(files) {
	const parts = [];
	for (const file of files) {
		const visit = (node) => {
			if (ts.isCallExpression(node) && node.expression.getText() === "lazily" && node.arguments.length > 2) {
				const [, path] = /import\("([^"]+)\.js"\)/.exec(node.arguments[0].getText()) ?? [];
				if (path === undefined) throw new Error(`${file}: ${node.getText()} imports nothing`);
				parts.push(resolve(dirname(file), path));
			}
			ts.forEachChild(node, visit);
		};
		visit(await parse(file));
	}
	return parts;
}

/** The groups that these sources use. Words must be named in full, or they could not be found. */
export async function groupsUsed(files) {
	const groups = new Set();
	for (const file of files) {
		const source = await parse(file);
		if (!/from "[./]*text\/index\.js"/.test(source.text)) continue;
		const visit = (node) => {
			if (ts.isIdentifier(node) && node.text === "text" && !isMereName(node)) {
				const { parent } = node;
				if (!ts.isPropertyAccessExpression(parent) || parent.expression !== node) throw new Error(`${file}: write text.group.word, not ${parent.getText()}`);
				groups.add(parent.name.text);
			}
			ts.forEachChild(node, visit);
		};
		visit(source);
	}
	return groups;
}

/** esbuild plugin: of a catalogue only the groups that are wanted. */
export const onlyGroups = (language, wanted) => ({
	name: "only-groups",
	setup({ onLoad }) {
		onLoad({ filter: new RegExp(`/text/${language}\\.ts$`) }, async ({ path }) => {
			const source = await parse(path);
			let contents = source.text;
			const drop = (node) => {
				if (!ts.isVariableDeclaration(node) || node.name.getText() !== language) return ts.forEachChild(node, drop);
				for (const property of [...node.initializer.properties].reverse())
					if (!wanted(property.name.getText())) contents = contents.slice(0, property.pos) + contents.slice(property.end).replace(/^,/, "");
			};
			drop(source);
			return { contents, loader: "ts" };
		});
	},
});
