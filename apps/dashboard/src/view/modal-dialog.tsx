import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface ModalDialogProps {
  readonly title: string;
  /** Called when the user closes it; missing if the user can't. */
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}

/** A dialog over the page. The browser keeps the focus in it, and then restores the focus. */
export function ModalDialog({ title, onClose, children }: ModalDialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onClose={onClose}
      onCancel={(event) => {
        if (onClose === undefined) event.preventDefault();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
