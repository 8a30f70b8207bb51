/** All screens: where each is, what right it asks for, and where the menu lists it. */
import {
  ApartmentOutlined,
  ApiOutlined,
  AuditOutlined,
  CarryOutOutlined,
  DashboardOutlined,
  DiffOutlined,
  ExportOutlined,
  FileProtectOutlined,
  SafetyCertificateOutlined,
  SaveOutlined,
  SwapOutlined,
  SyncOutlined,
  TableOutlined,
  TeamOutlined,
  TranslationOutlined,
  UsergroupAddOutlined,
  WarningOutlined,
} from "@ant-design/icons";
import { type ComponentType, lazy, type LazyExoticComponent, type ReactNode } from "react";

export interface Place {
  path: string;
  /** Key of its name, and of its group in the menu; no group: it is reached from another screen. */
  name: string;
  group?: string;
  right: string;
  icon?: ReactNode;
  page: LazyExoticComponent<ComponentType>;
}

export const PLACES: readonly Place[] = [
  { path: "/", name: "cockpit.title", group: "menu.overview", right: "cockpit.see", icon: <DashboardOutlined />,
    page: lazy(() => import("../screens/cockpit/Cockpit")) },
  { path: "/start", name: "golive.title", group: "menu.overview", right: "cockpit.see", icon: <CarryOutOutlined />,
    page: lazy(() => import("../screens/golive/GoLive")) },
  { path: "/issues", name: "issues.title", group: "menu.people", right: "issue.see", icon: <WarningOutlined />,
    page: lazy(() => import("../screens/issues/Issues")) },
  { path: "/conflicts", name: "conflicts.title", group: "menu.people", right: "issue.see", icon: <DiffOutlined />,
    page: lazy(() => import("../screens/conflicts/Conflicts")) },
  { path: "/plans", name: "plans.title", group: "menu.people", right: "plan.see", icon: <AuditOutlined />,
    page: lazy(() => import("../screens/plans/Plans")) },
  { path: "/plans/:plan", name: "plans.title", right: "plan.see", page: lazy(() => import("../screens/plans/Plan")) },
  { path: "/records", name: "records.title", group: "menu.masters", right: "record.see", icon: <TeamOutlined />,
    page: lazy(() => import("../screens/records/Records")) },
  { path: "/trace/:id", name: "trace.title", right: "record.see", page: lazy(() => import("../screens/trace/Trace")) },
  { path: "/syncs", name: "syncs.title", group: "menu.syncs", right: "flow.see", icon: <SyncOutlined />,
    page: lazy(() => import("../screens/syncs/Syncs")) },
  { path: "/runs", name: "runs.title", group: "menu.syncs", right: "run.see", icon: <SyncOutlined />,
    page: lazy(() => import("../screens/runs/Runs")) },
  { path: "/runs/:run", name: "runs.title", right: "run.see", page: lazy(() => import("../screens/runs/Run")) },
  { path: "/connections", name: "connections.title", group: "menu.syncs", right: "connection.see", icon: <ApiOutlined />,
    page: lazy(() => import("../screens/connections/Connections")) },
  { path: "/mappings", name: "mappings.title", group: "menu.syncs", right: "mapping.see", icon: <ApartmentOutlined />,
    page: lazy(() => import("../screens/mappings/Mappings")) },
  { path: "/mappings/:mapping", name: "mappings.title", right: "mapping.see", page: lazy(() => import("../screens/mappings/Mapper")) },
  { path: "/value-maps", name: "values.title", group: "menu.syncs", right: "mapping.see", icon: <TranslationOutlined />,
    page: lazy(() => import("../screens/value-maps/ValueMaps")) },
  { path: "/objects", name: "objects.title", group: "menu.syncs", right: "schema.see", icon: <TableOutlined />,
    page: lazy(() => import("../screens/objects/Objects")) },
  { path: "/connections/new", name: "connections.new", right: "connection.edit",
    page: lazy(() => import("../screens/connections/NewConnection")) },
  { path: "/connections/:connection", name: "connections.title", right: "connection.see",
    page: lazy(() => import("../screens/connections/Connection")) },
  { path: "/migrations", name: "migrations.title", group: "menu.moving", right: "migration.see", icon: <ExportOutlined />,
    page: lazy(() => import("../screens/migrations/Migrations")) },
  { path: "/migrations/:batch", name: "migrations.title", right: "migration.see",
    page: lazy(() => import("../screens/migrations/Migration")) },
  { path: "/cutovers", name: "cutovers.title", group: "menu.moving", right: "cutover.see", icon: <SwapOutlined />,
    page: lazy(() => import("../screens/cutovers/Cutovers")) },
  { path: "/backups", name: "backups.title", group: "menu.moving", right: "backup.see", icon: <SaveOutlined />,
    page: lazy(() => import("../screens/backups/Backups")) },
  { path: "/reconciliation", name: "reconciliation.title", group: "menu.proof", right: "reconciliation.see",
    icon: <SafetyCertificateOutlined />, page: lazy(() => import("../screens/reconciliation/Reconciliation")) },
  { path: "/people", name: "people.title", group: "menu.settings", right: "user.see", icon: <UsergroupAddOutlined />,
    page: lazy(() => import("../screens/people/People")) },
  { path: "/audit", name: "audit.title", group: "menu.settings", right: "audit.see", icon: <FileProtectOutlined />,
    page: lazy(() => import("../screens/audit/Audit")) },
  { path: "/profile", name: "profile.title", right: "", page: lazy(() => import("../screens/me/Profile")) },
]; // prettier-ignore
