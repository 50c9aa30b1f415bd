/** Folder of this package, put in by test.mjs. */
declare const WEB_ROOT: string;
