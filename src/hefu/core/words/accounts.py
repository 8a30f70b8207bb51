"""Errors about accounts, logging in and roles in people's hands. None says which part of a login was wrong."""

from hefu.core.words import Words

ERRORS = {
    "login.refused": Words(
        "Name, password or code is wrong.",
        "用户名、密码或验证码不正确。",
        "Try again; whoever administers accounts can give you a link that logs in once.",
        "请重试；账号管理员可以提供一次性登录链接。",
    ),
    "login.second_factor": Words(
        "The code of the second factor is missing.",
        "缺少动态验证码。",
        "Type the six digits that your authenticator shows now.",
        "请输入验证器当前显示的六位数字。",
    ),
    "login.enrol": Words(
        "You must set up a second factor before anything else.",
        "必须先设置动态验证码，才能使用其他功能。",
        "Set it up under your name at the top of the console.",
        "请在控制台右上角的个人设置中完成设置。",
    ),
    "login.one_factor": Words(
        "Your roles ask for a second factor, and your company's login did not ask you for one.",
        "您的角色要求双因素登录，但单点登录未进行第二次验证。",
        "Log in with a password and a second factor, or have the provider ask for one.",
        "请使用密码和动态验证码登录，或由单点登录方启用双因素。",
    ),
    "login.wait": Words(
        "Too many attempts failed. The next one is looked at in {seconds} seconds.",
        "失败次数过多，{seconds} 秒后才会受理下一次登录。",
        "Wait, then try again.",
        "请稍候再试。",
    ),
    "login.busy": Words(
        "Too many people are logging in at this moment.",
        "当前登录的人过多。",
        "Try again in a few seconds.",
        "请几秒后重试。",
    ),
    "login.link": Words(
        "This link has been used, is too old, or never was one.",
        "此链接已使用、已过期或无效。",
        "Ask for a new one: hefu user link NAME",
        "请索取新的链接：hefu user link 用户名",
    ),
    "login.stranger": Words(
        "Your company's login knows you, but you have no account here that is switched on.",
        "单点登录已确认您的身份，但此处没有对应的启用账号。",
        "Ask whoever administers accounts.",
        "请联系账号管理员。",
    ),
    "login.session": Words(
        "You are not logged in, or your session has ended.",
        "尚未登录，或会话已结束。",
        "Log in.",
        "请登录。",
    ),
    "login.token": Words(
        "The API token is unknown, revoked or too old.",
        "API 令牌无效、已吊销或已过期。",
        "Make a new one: hefu token add",
        "请新建令牌：hefu token add",
    ),
    "password.short": Words(
        "The password is too short.",
        "密码太短。",
        "Use at least {least} characters, better 15. Several words are fine; signs and digits are not needed.",
        "至少 {least} 个字符，15 个以上更好；可用多个词语，不要求符号或数字。",
    ),
    "password.long": Words(
        "The password is too long.",
        "密码太长。",
        "Use at most {most} characters.",
        "至多 {most} 个字符。",
    ),
    "password.common": Words(
        "This password is one of the first that anybody would try.",
        "此密码过于常见，容易被猜中。",
        "Take several words that do not belong together, or let a password manager make one.",
        "请使用几个互不相关的词语，或由密码管理器生成。",
    ),
    "account.login": Words(
        "'{login}' cannot be a login name.",
        "“{login}”不能用作登录名。",
        "Use letters, digits and . _ @ + -, at most 200.",
        "请使用字母、数字和 . _ @ + -，至多 200 个字符。",
    ),
    "account.exists": Words(
        "There is an account '{login}' already.",
        "账号“{login}”已存在。",
        "Take another name, or use that one: hefu user list",
        "请换一个名称，或使用已有账号：hefu user list",
    ),
    "account.unknown": Words(
        "There is no account '{login}'.",
        "没有账号“{login}”。",
        "See 'hefu user list'.",
        "请查看 hefu user list。",
    ),
    "account.off": Words(
        "The account '{login}' is switched off.",
        "账号“{login}”已停用。",
        "Switch it on first: hefu user on {login}",
        "请先启用：hefu user on {login}",
    ),
    "account.second_factor": Words(
        "The account '{login}' has a second factor already.",
        "账号“{login}”已设置动态验证码。",
        "Let an administrator remove it first.",
        "请先由管理员移除。",
    ),
    "account.self": Words(
        "{who} cannot do this for themselves.",
        "{who} 不能对自己执行此操作。",
        "Ask another person who holds the right.",
        "请由具有该权限的其他人执行。",
    ),
    "account.above": Words(
        "'{login}' has duties that {who} does not have, so {who} must not open that account to anybody.",
        "“{login}”具有 {who} 所没有的管理职责，{who} 不得为该账号重置登录方式。",
        "Ask somebody who has these duties, or do it at the command line of the hub's machine.",
        "请由具有该职责的人员处理，或在服务器命令行上操作。",
    ),
    "account.no_role": Words(
        "There is no role '{word}'.",
        "没有角色“{word}”。",
        "Nearest: {nearest}. See 'hefu role list'.",
        "最接近的是：{nearest}。请查看 hefu role list。",
    ),
    "account.apart": Words(
        "'{login}' holds the role '{other}', which must not lie in one hand with '{role}'.",
        "“{login}”已有角色“{other}”，不得与“{role}”由同一人兼任。",
        "Take the other role back first, or choose another person.",
        "请先收回另一角色，或选择其他人员。",
    ),
    "account.duties": Words(
        "With the role '{role}', '{login}' would hold several separated duties: {duties}.",
        "授予“{role}”后，“{login}”将兼有应当分离的职责：{duties}。",
        "Choose another person; system, security and audit must be three (policy 'separated').",
        "请选择其他人员；系统、安全、审计须由三人分任（separated 策略）。",
    ),
    "account.not_separated": Words(
        "Duties cannot be separated yet: {logins} hold several of them.",
        "尚不能启用职责分离：{logins} 兼有多项职责。",
        "Take roles back first: hefu role end",
        "请先收回角色：hefu role end",
    ),
    "account.not_asked": Words(
        "{holding} does not wait for agreement.",
        "{holding} 不在等待批准。",
        "See 'hefu role holders'.",
        "请查看 hefu role holders。",
    ),
    "account.no_holding": Words(
        "There is no granted role with the number {holding}.",
        "没有编号为 {holding} 的授权。",
        "See 'hefu role holders'.",
        "请查看 hefu role holders。",
    ),
    "account.no_token": Words(
        "There is no API token with the number {token}.",
        "没有编号为 {token} 的 API 令牌。",
        "See 'hefu token list'.",
        "请查看 hefu token list。",
    ),
    "account.scope": Words(
        "'{word}' is no right that a token could have.",
        "“{word}”不是可授予令牌的权限。",
        "Nearest: {nearest}. See 'hefu role rights'.",
        "最接近的是：{nearest}。请查看 hefu role rights。",
    ),
}
