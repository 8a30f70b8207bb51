"""Errors of the connector for SOAP services."""

from hefu.core.words import Words

_AGAIN = ("Nothing to do: it is tried again.", "无需处理：系统会自动重试。")
_DESCRIBE = ("Correct the description of the connection.", "请更正连接的描述。")

ERRORS = {
    "soap.broken": Words(
        "{connection}: {operation} was not served: {said}", "{connection}：{operation} 未被执行：{said}", *_AGAIN
    ),
    "soap.cursor": Words(
        "{connection}: '{cursor}' is no place to read on from.",
        "{connection}：“{cursor}”不是有效的读取位置。",
        "Read the object again from the beginning.",
        "请从头重新读取该对象。",
    ),
    "soap.denied": Words(
        "{connection}: the service refuses user, password or right: {said}",
        "{connection}：服务拒绝了用户、密码或权限：{said}",
        "Correct the credentials, then resume the connection.",
        "请更正凭据，然后恢复该连接。",
    ),
    "soap.does_not_fit": Words(
        "{connection}: what was to be sent does not fit {operation} of the WSDL: {said}",
        "{connection}：要发送的内容与 WSDL 中的 {operation} 不符：{said}",
        "Correct the record, or the description of the connection.",
        "请更正该记录或连接的描述。",
    ),
    "soap.fault": Words(
        "{connection}: {operation} says {fault}: {said}",
        "{connection}：{operation} 返回 {fault}：{said}",
        "Correct the record; if the fault means something else, say so under 'faults'.",
        "请更正该记录；若该错误另有含义，请在 faults 中说明。",
    ),
    "soap.foreign": Words(
        "{connection}: the WSDL wants {url}, which is not below {host}.",
        "{connection}：WSDL 引用了 {url}，不在 {host} 之内。",
        "Save the WSDL and its schemas in the project's folder and name that file.",
        "请将 WSDL 及其 schema 保存到项目目录并引用该文件。",
    ),
    "soap.missing": Words("{connection}: {object} {id} is not there.", "{connection}：{object} {id} 不存在。", *_AGAIN),
    "soap.no_field": Words(
        "{connection}: {object} has no field '{field}' that may be written.",
        "{connection}：{object} 没有可写的字段“{field}”。",
        *_DESCRIBE,
    ),
    "soap.no_id": Words(
        "{connection}: the answer has nothing where the id '{field}' should be.",
        "{connection}：应答中缺少 ID“{field}”。",
        *_DESCRIBE,
    ),
    "soap.no_object": Words(
        "{connection} has no object '{object}'; it has {known}.",
        "{connection} 没有对象“{object}”，现有：{known}。",
        *_DESCRIBE,
    ),
    "soap.no_operation": Words(
        "{connection}: the WSDL has no operation '{operation}'; nearest is '{nearest}'. It has {known}.",
        "{connection}：WSDL 中没有操作“{operation}”，最接近的是“{nearest}”。现有：{known}。",
        *_DESCRIBE,
    ),
    "soap.no_wsdl": Words(
        "{connection}: the WSDL at {url} cannot be used: {said}",
        "{connection}：{url} 处的 WSDL 无法使用：{said}",
        "Correct its address, or save it in the project's folder.",
        "请更正地址，或将其保存到项目目录。",
    ),
    "soap.taken": Words(
        "{connection}: {object} {id} is there already.",
        "{connection}：{object} {id} 已存在。",
        "Link the two records, or give the new one another number.",
        "请关联两条记录，或为新记录换一个编号。",
    ),
    "soap.too_large": Words(
        "{connection}: the answer has more than {most} bytes.",
        "{connection}：应答超过 {most} 字节。",
        "Read in smaller pages, or raise 'largest'.",
        "请减小每页条数，或调高 largest。",
    ),
    "soap.unreadable": Words(
        "{connection}: the answer to {operation} is no SOAP that may be read: {said}",
        "{connection}：{operation} 的应答不是可读取的 SOAP：{said}",
        "Ask those who run the service; document types and entities are never read.",
        "请联系服务方；本系统不解析 DTD 和实体。",
    ),
    "soap.value": Words("{connection}: '{value}' is no {type}.", "{connection}：“{value}”不是 {type}。", *_DESCRIBE),
}
