/*
 * The detail beside the slot that is pointed at. As WCAG 1.4.13 asks: Esc sends it away, the pointer may go into it, and it stays until
 * what it belongs to is left. Whatever it says the slot's panel says too.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { VenueModel } from "../model.js";
import { pointed, type Pointed } from "../pointed.js";
import { environment } from "../services.js";
import { SlotFacts } from "./slot-facts.js";

const OPEN_MS: Readonly<Record<Pointed["by"], number>> = { pointer: 250, focus: 120 };
/** Time enough to move the pointer from the slot into the detail. */
const LEAVE_MS = 200;
const GAP = 8;

export function SlotDetail({ model }: { readonly model: VenueModel }): JSX.Element | null {
	const [shown, setShown] = useState<Pointed | null>(null);
	const [inside, setInside] = useState(false);
	const target = pointed.value;
	const opened = model.open.value !== null;
	useEffect(() => {
		if (opened) setShown(null);
		else if (target) return environment.after(OPEN_MS[target.by], () => setShown(target));
		else if (!inside) return environment.after(LEAVE_MS, () => setShown(null));
		return;
	}, [target, inside, opened]);
	useEffect(() => {
		if (!shown) return;
		const away = (): void => {
			setShown(null);
			setInside(false);
		};
		const onKey = (event: KeyboardEvent): void => {
			if (event.key === "Escape") away();
		};
		document.addEventListener("keydown", onKey);
		document.addEventListener("scroll", away, true);
		addEventListener("resize", away);
		return () => {
			document.removeEventListener("keydown", onKey);
			document.removeEventListener("scroll", away, true);
			removeEventListener("resize", away);
		};
	}, [shown]);
	return shown && <Box model={model} shown={shown} onInside={setInside} />;
}

interface BoxProps {
	readonly model: VenueModel;
	readonly shown: Pointed;
	readonly onInside: (inside: boolean) => void;
}

function Box({ model, shown, onInside }: BoxProps): JSX.Element {
	const box = useRef<HTMLDivElement>(null);
	useLayoutEffect(() => {
		if (box.current) place(box.current, shown.rect);
	}, [shown]);
	useEffect(() => {
		const focused = shown.by === "focus" ? document.activeElement : null;
		focused?.setAttribute("aria-describedby", "slot-detail");
		return () => focused?.removeAttribute("aria-describedby");
	}, [shown]);
	// The rows come and go as signals of the model; the newest of this one is asked for.
	const slot = (model.slots.value && model.rows.get(shown.slot.id)) ?? shown.slot;
	return (
		<div
			ref={box}
			role="tooltip"
			id="slot-detail"
			class="slot-detail"
			onPointerEnter={() => onInside(true)}
			onPointerLeave={() => onInside(false)}
		>
			<SlotFacts model={model} slot={slot} />
		</div>
	);
}

/** Beside the slot, or under it, or above it: wherever it hides the slot least and fits. */
function place(box: HTMLElement, rect: Pointed["rect"]): void {
	const { offsetWidth: width, offsetHeight: height } = box;
	const right = rect.left + rect.width + GAP;
	const left = rect.left - GAP - width;
	const beside = right + width <= innerWidth ? right : left >= 0 ? left : null;
	const below = rect.top + rect.height + GAP;
	const x = beside ?? Math.max(GAP, Math.min(rect.left, innerWidth - width - GAP));
	const y = beside !== null ? rect.top - GAP : below + height <= innerHeight ? below : rect.top - GAP - height;
	box.style.left = `${x}px`;
	box.style.top = `${Math.max(GAP, Math.min(y, innerHeight - height - GAP))}px`;
}
