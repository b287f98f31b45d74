import { useRef, type MouseEvent, type ReactNode } from "react";
import { Button as Aria, Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { useFormState } from "./Form";

interface Props {
  children: ReactNode;
  onPress?: () => void;
  kind?: "plain" | "primary" | "danger" | "ghost" | "icon";
  small?: boolean;
  type?: "button" | "submit";
  pending?: boolean;
  /** Why it cannot be pressed. Given, the button stays focusable and says so. */
  disabledReason?: string | null | false;
  label?: string;
  pressed?: boolean;
  className?: string;
}
const KIND = { plain: "", primary: " pri", danger: " bad", ghost: " ghost", icon: " icon" };

export function Button({ children, onPress, kind = "plain", small, type = "button", pending, disabledReason, label, pressed, className = "" }: Props) {
  const classes = `btn${KIND[kind]}${small ? " small" : ""} ${className}`;
  const { tried, tell } = useFormState();
  if (disabledReason) {
    const submits = type === "submit";
    // A submit button takes Enter for its form, also while it may not send it.
    const refuse = (event: MouseEvent) => {
      event.preventDefault();
      if (submits) tell();
    };
    return (
      <>
        {submits && tried && <span className="why" role="alert">{disabledReason}</span>}
        <TooltipTrigger delay={150}>
          <Focusable>
            <button type={type} className={classes} aria-disabled="true" aria-label={label} onClick={refuse}>
              {children}
            </button>
          </Focusable>
          <Tooltip className="tip" offset={6}>
            {disabledReason}
          </Tooltip>
        </TooltipTrigger>
      </>
    );
  }
  return (
    <Aria className={classes} type={type} onPress={onPress} isPending={pending} aria-label={label} aria-pressed={pressed}>
      {children}
    </Aria>
  );
}

/** Text that explains itself on hover and on focus. */
export function Hint({ children, text }: { children: ReactNode; text: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  return (
    <TooltipTrigger delay={350}>
      <Focusable>
        <span ref={ref} role="button" tabIndex={0}>
          {children}
        </span>
      </Focusable>
      <Tooltip className="tip" offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
