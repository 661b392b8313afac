// The administration area: its navigation and the chosen section. Loaded when somebody opens it.
import "./admin.css";
import { NativeSelect, NavLink, Text } from "@mantine/core";
import { Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { useDesk } from "../desk/desk-context";
import { sectionsFor, type SectionName } from "../desk/sections";
import { AdminProvider } from "./context";
import { UnsavedGuard } from "./kit/unsaved";
import { SECTION_PAGES } from "./sections";
import { useAdminWords } from "./words";

/** Navigation and section side by side. */
export function AdministrationArea() {
  const sections = useSections();
  const { section } = useParams({ strict: false });
  return (
    <AdminProvider>
      <div className="admin">
        <SideNavigation sections={sections} current={section} />
        <NarrowNavigation sections={sections} current={section} />
        <div className="admin-page">
          <UnsavedGuard>
            <Outlet />
          </UnsavedGuard>
        </div>
      </div>
    </AdminProvider>
  );
}

interface NavigationProps {
  sections: SectionName[];
  current: string | undefined;
}

function SideNavigation({ sections, current }: NavigationProps) {
  const words = useAdminWords();
  return (
    <nav className="admin-nav" aria-label={words.t("nav.sections")}>
      {sections.map((name) => (
        <NavLink
          key={name}
          active={name === current}
          variant="filled"
          label={words.t(`section.${name}`)}
          data-testid={`section-${name}`}
          {...(name === current ? { "aria-current": "page" as const } : {})}
          renderRoot={(props) => <Link to="/administration/$section" params={{ section: name }} {...props} />}
        />
      ))}
    </nav>
  );
}

function NarrowNavigation({ sections, current }: NavigationProps) {
  const words = useAdminWords();
  const navigate = useNavigate();
  return (
    <NativeSelect
      className="admin-nav-narrow"
      label={words.t("nav.sections")}
      value={current ?? ""}
      onChange={(event) => void navigate({ to: "/administration/$section", params: { section: event.currentTarget.value } })}
      data={sections.map((name) => ({ value: name, label: words.t(`section.${name}`) }))}
      data-testid="section-choice"
    />
  );
}

/** The list of a section. */
export function SectionList() {
  const { section } = useParams({ from: "/administration/$section" });
  const pages = usePages(section);
  if (!pages) return <NotThere />;
  const List = pages.list;
  return <List key={section} />;
}

/** One object of a section. */
export function SectionItem() {
  const { section, id } = useParams({ from: "/administration/$section/$id" });
  const Item = usePages(section)?.item;
  return Item ? <Item key={`${section} ${id}`} id={id} /> : <NotThere />;
}

function NotThere() {
  const words = useAdminWords();
  return <Text data-testid="not-there">{words.t("notThere")}</Text>;
}

function usePages(section: string) {
  const known = useSections().find((name) => name === section);
  return known && SECTION_PAGES[known];
}

function useSections(): SectionName[] {
  return sectionsFor(useDesk().me.permissions);
}
