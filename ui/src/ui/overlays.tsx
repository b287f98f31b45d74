import type { ReactNode } from "react";
import {
  Button as AriaButton, Dialog as AriaDialog, Heading, Menu as AriaMenu, MenuItem, MenuTrigger, Modal, ModalOverlay, Popover,
  Tab, TabList, TabPanel, Tabs as AriaTabs, UNSTABLE_Toast as AriaToast, UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue, UNSTABLE_ToastRegion as ToastRegion, Text,
} from "react-aria-components";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface OverlayProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  /** A click outside must not lose what was typed, nor a secret that is shown once. */
  sticky?: boolean;
  alert?: boolean;
}
const closer = (onClose: () => void) => (open: boolean) => {
  if (!open) onClose();
};

export function Dialog({ title, onClose, children, wide, sticky, alert }: OverlayProps) {
  return (
    <ModalOverlay className="veil" isOpen onOpenChange={closer(onClose)} isDismissable={!sticky}>
      <Modal className={`dialog${wide ? " wide" : ""}`}>
        <AriaDialog role={alert ? "alertdialog" : "dialog"}>
          <header>
            <Heading slot="title" level={2}>{title}</Heading>
            <span className="push" />
            <Button kind="icon" label="Close" onPress={onClose}><Icon name="close" size={13} /></Button>
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function Sheet({ title, onClose, children, wide }: OverlayProps) {
  return (
    <ModalOverlay className="veil sheet-veil" isOpen onOpenChange={closer(onClose)}>
      <Modal className={`sheet${wide ? " wide" : ""}`}>
        <AriaDialog>
          <header>
            <Heading slot="title" level={2}>{title}</Heading>
            <span className="push" />
            <Button kind="icon" label="Close" onPress={onClose}><Icon name="close" size={13} /></Button>
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface MenuChoice {
  id: string;
  label: string;
  note?: string;
  disabled?: boolean;
}
export function MenuButton({ label, ariaLabel, items, onAction, selected, kind = "", start }: { label: ReactNode; ariaLabel?: string; items: MenuChoice[]; onAction: (id: string) => void; selected?: string; kind?: string; /** Opens from the start of the button: for one at the left edge. */ start?: boolean }) {
  return (
    <MenuTrigger>
      <AriaButton className={`btn ${kind}`} aria-label={ariaLabel}>
        {label}
        <Icon name="down" size={12} />
      </AriaButton>
      <Popover className="pop" offset={4} placement={start ? "bottom start" : "bottom end"}>
        <AriaMenu
          items={items}
          onAction={(key) => onAction(String(key))}
          disabledKeys={items.filter((i) => i.disabled).map((i) => i.id)}
          {...(selected === undefined ? {} : { selectionMode: "single" as const, selectedKeys: [selected] })}
        >
          {(item) => (
            <MenuItem id={item.id} textValue={item.label}>
              {item.label}
              {item.note && <span className="faint push">{item.note}</span>}
            </MenuItem>
          )}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface TabDef {
  id: string;
  label: string;
  content: ReactNode;
}
export function Tabs({ tabs, selected, onChange, label, fill, flush }: { tabs: TabDef[]; selected?: string; onChange?: (id: string) => void; label: string; fill?: boolean; flush?: boolean }) {
  return (
    <AriaTabs className={`tabs${fill ? " fill" : ""}${flush ? " flush" : ""}`} selectedKey={selected} onSelectionChange={(key) => onChange?.(String(key))}>
      <TabList aria-label={label} items={tabs}>{(t) => <Tab id={t.id}>{t.label}</Tab>}</TabList>
      {tabs.map((t) => <TabPanel key={t.id} id={t.id}>{t.content}</TabPanel>)}
    </AriaTabs>
  );
}

interface ToastText {
  title: string;
  detail?: string;
  bad?: boolean;
  action?: { label: string; run: () => void };
}
const queue = new ToastQueue<ToastText>({ maxVisibleToasts: 4 });
/** Names the thing it is about: "Created Acme Corp", never "Success". */
export const toast = (text: ToastText): void => {
  queue.add(text, { timeout: text.action || text.bad ? 10_000 : 6_000 });
};

export function Toasts() {
  return (
    <ToastRegion queue={queue} className="toasts">
      {({ toast: t }) => (
        <AriaToast toast={t} className={`toast${t.content.bad ? " bad" : ""}`}>
          <ToastContent>
            <Text slot="title">{t.content.title}</Text>
            {t.content.detail && <Text slot="description" className="dim">{t.content.detail}</Text>}
          </ToastContent>
          {t.content.action && (
            <Button small onPress={() => { t.content.action?.run(); queue.close(t.key); }}>{t.content.action.label}</Button>
          )}
          <AriaButton slot="close" className="btn icon" aria-label="Dismiss"><Icon name="close" size={12} /></AriaButton>
        </AriaToast>
      )}
    </ToastRegion>
  );
}
