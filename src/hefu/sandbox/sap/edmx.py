"""`$metadata`: the services described in EDMX, with SAP's annotations in V2."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree as ET

from hefu.sandbox.sap.model import EntityType, Function, Nav, Prop, Service

_V2 = "http://schemas.microsoft.com/ado"
_TYPES2 = {
    "string": "Edm.String",
    "decimal": "Edm.Decimal",
    "date": "Edm.DateTime",
    "stamp": "Edm.DateTimeOffset",
    "time": "Edm.Time",
    "bool": "Edm.Boolean",
    "guid": "Edm.Guid",
}
_TYPES4 = {**_TYPES2, "date": "Edm.Date", "time": "Edm.TimeOfDay"}


@cache
def v2(service: Service) -> bytes:
    """EDMX 1.0 of the service."""
    root = ET.Element(
        "edmx:Edmx",
        {
            "Version": "1.0",
            "xmlns:edmx": f"{_V2}/2007/06/edmx",
            "xmlns:m": f"{_V2}/2007/08/dataservices/metadata",
            "xmlns:sap": "http://www.sap.com/Protocols/SAPData",
        },
    )
    data = ET.SubElement(root, "edmx:DataServices", {"m:DataServiceVersion": "2.0"})
    schema = ET.SubElement(
        data,
        "Schema",
        {"Namespace": service.name, "xmlns": f"{_V2}/2008/09/edm", "sap:schema-version": "1"},
    )
    for entity in service.sets.values():
        _type2(schema, service, entity)
    for one in service.sets.values():
        for nav in one.navs.values():
            _association(schema, service, one, nav)
    box = ET.SubElement(
        schema,
        "EntityContainer",
        {
            "Name": f"{service.name}_Entities",
            "m:IsDefaultEntityContainer": "true",
            "sap:supported-formats": "atom json",
        },
    )
    for entity in service.sets.values():
        flags = {
            "sap:creatable": entity.creatable and not _only_below(entity),
            "sap:updatable": entity.updatable,
            "sap:deletable": entity.deletable,
        }
        said = {name: "false" for name, on in flags.items() if not on}
        ET.SubElement(
            box,
            "EntitySet",
            {
                "Name": entity.name,
                "EntityType": f"{service.name}.{entity.name}Type",
                **said,
                "sap:content-version": "1",
            },
        )
    for one in service.sets.values():
        for nav in one.navs.values():
            _association_set(box, service, one, nav)
    for function in service.functions.values():
        if 2 in function.versions:
            _function2(box, service, function)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _only_below(entity: EntityType) -> bool:
    """Sets whose rows are created through their parent's navigation alone."""
    return entity.name.endswith(("PrElement", "Text", "HeaderPartner"))


def _type2(schema: ET.Element, service: Service, entity: EntityType) -> None:
    made = ET.SubElement(
        schema,
        "EntityType",
        {"Name": f"{entity.name}Type", "sap:label": entity.v4, "sap:content-version": "1"},
    )
    key = ET.SubElement(made, "Key")
    for name in entity.keys:
        ET.SubElement(key, "PropertyRef", {"Name": name})
    for prop in entity.props.values():
        ET.SubElement(made, "Property", _property2(entity, prop))
    for nav in entity.navs.values():
        ET.SubElement(
            made,
            "NavigationProperty",
            {
                "Name": nav.name,
                "Relationship": f"{service.name}.{_link(entity, nav)}",
                "FromRole": f"FromRole_{_link(entity, nav)}",
                "ToRole": f"ToRole_{_link(entity, nav)}",
            },
        )


def _property2(entity: EntityType, prop: Prop) -> dict[str, str]:
    made = {"Name": prop.name, "Type": _TYPES2[prop.kind]}
    if prop.key:
        made["Nullable"] = "false"
    if prop.kind == "string" and prop.length:
        made["MaxLength"] = str(prop.length)
    if prop.kind == "decimal":
        made |= {"Precision": str(prop.length), "Scale": str(prop.scale)}
    if prop.kind in ("date", "stamp", "time"):
        made["Precision"] = "0"
    if prop.kind == "date":
        made["sap:display-format"] = "Date"
    if prop.name == entity.etag:
        made["ConcurrencyMode"] = "Fixed"
    if prop.upper:
        made["sap:display-format"] = "UpperCase"
    made["sap:label"] = prop.label
    if prop.unit:
        made["sap:unit"] = prop.unit
    if not (prop.creatable and entity.creatable):
        made["sap:creatable"] = "false"
    if not (prop.updatable and entity.updatable):
        made["sap:updatable"] = "false"
    return made


def _link(entity: EntityType, nav: Nav) -> str:
    return f"assoc_{entity.name}_{nav.name}"


def _association(schema: ET.Element, service: Service, entity: EntityType, nav: Nav) -> None:
    name = _link(entity, nav)
    made = ET.SubElement(schema, "Association", {"Name": name, "sap:content-version": "1"})
    for role, kind, many in (("From", entity.name, "1"), ("To", nav.target, "*" if nav.many else "0..1")):
        ET.SubElement(
            made,
            "End",
            {"Type": f"{service.name}.{kind}Type", "Multiplicity": many, "Role": f"{role}Role_{name}"},
        )


def _association_set(box: ET.Element, service: Service, entity: EntityType, nav: Nav) -> None:
    name = _link(entity, nav)
    made = ET.SubElement(
        box,
        "AssociationSet",
        {"Name": f"{name}_Set", "Association": f"{service.name}.{name}", "sap:content-version": "1"},
    )
    for role, kind in (("From", entity.name), ("To", nav.target)):
        ET.SubElement(made, "End", {"EntitySet": kind, "Role": f"{role}Role_{name}"})


def _function2(box: ET.Element, service: Service, function: Function) -> None:
    made = ET.SubElement(
        box,
        "FunctionImport",
        {
            "Name": function.name,
            "ReturnType": f"{service.name}.{function.on}Type",
            "EntitySet": function.on,
            "m:HttpMethod": function.method,
            "sap:action-for": f"{service.name}.{function.on}Type",
        },
    )
    for name, kind in function.parameters.items():
        ET.SubElement(made, "Parameter", {"Name": name, "Type": _TYPES2[kind], "Mode": "In"})


# -------------------------------------------------------------------------- V4


@cache
def v4(service: Service) -> bytes:
    """CSDL XML 4.0 of the service."""
    edm = "http://docs.oasis-open.org/odata/ns"
    root = ET.Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": f"{edm}/edmx", "xmlns": f"{edm}/edm"})
    schema = ET.SubElement(
        ET.SubElement(root, "edmx:DataServices"), "Schema", {"Namespace": service.space4, "Alias": "SAP__self"}
    )
    for entity in service.sets.values():
        _type4(schema, service, entity)
    for function in service.functions.values():
        _action4(schema, service, function)
    box = ET.SubElement(schema, "EntityContainer", {"Name": "Container"})
    for entity in service.sets.values():
        made = ET.SubElement(box, "EntitySet", {"Name": entity.v4, "EntityType": f"{service.space4}.{entity.v4}Type"})
        for nav in entity.navs.values():
            ET.SubElement(made, "NavigationPropertyBinding", {"Path": nav.v4, "Target": service.sets[nav.target].v4})
    _annotations4(schema, service)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _type4(schema: ET.Element, service: Service, entity: EntityType) -> None:
    made = ET.SubElement(schema, "EntityType", {"Name": f"{entity.v4}Type"})
    key = ET.SubElement(made, "Key")
    for name in entity.keys:
        ET.SubElement(key, "PropertyRef", {"Name": name})
    for prop in entity.props.values():
        said = {"Name": prop.name, "Type": _TYPES4[prop.kind]}
        if prop.key or prop.kind in ("string", "bool"):
            said["Nullable"] = "false"
        if prop.kind == "string" and prop.length:
            said["MaxLength"] = str(prop.length)
        if prop.kind == "decimal":
            said |= {"Precision": str(prop.length), "Scale": str(prop.scale)}
        if prop.kind == "stamp":
            said["Precision"] = "3"
        ET.SubElement(made, "Property", said)
    for nav in entity.navs.values():
        kind = f"{service.space4}.{service.sets[nav.target].v4}Type"
        ET.SubElement(made, "NavigationProperty", {"Name": nav.v4, "Type": f"Collection({kind})" if nav.many else kind})


def _action4(schema: ET.Element, service: Service, function: Function) -> None:
    if 4 not in function.versions:
        return
    kind = f"{service.space4}.{service.sets[function.on].v4}Type"
    bound = f"Collection({kind})" if function.collection else kind
    word = "Function" if function.method == "GET" else "Action"
    made = ET.SubElement(schema, word, {"Name": function.name, "IsBound": "true"})
    ET.SubElement(made, "Parameter", {"Name": "_it", "Type": bound, "Nullable": "false"})
    ET.SubElement(made, "ReturnType", {"Type": bound})


def _annotations4(schema: ET.Element, service: Service) -> None:
    """What may be written, as the vocabularies of Core and Capabilities say it."""
    for entity in service.sets.values():
        target = f"{service.space4}.Container/{entity.v4}"
        made = ET.SubElement(schema, "Annotations", {"Target": target})
        for term, word, on in (
            ("InsertRestrictions", "Insertable", entity.creatable),
            ("UpdateRestrictions", "Updatable", entity.updatable),
            ("DeleteRestrictions", "Deletable", entity.deletable),
        ):
            note = ET.SubElement(made, "Annotation", {"Term": f"Org.OData.Capabilities.V1.{term}"})
            record = ET.SubElement(note, "Record")
            ET.SubElement(record, "PropertyValue", {"Property": word, "Bool": str(on).lower()})
        for prop in entity.props.values():
            below = ET.SubElement(schema, "Annotations", {"Target": f"{service.space4}.{entity.v4}Type/{prop.name}"})
            ET.SubElement(below, "Annotation", {"Term": "com.sap.vocabularies.Common.v1.Label", "String": prop.label})
            if not prop.creatable:
                ET.SubElement(below, "Annotation", {"Term": "Org.OData.Core.V1.Computed"})
            elif not prop.updatable:
                ET.SubElement(below, "Annotation", {"Term": "Org.OData.Core.V1.Immutable"})
