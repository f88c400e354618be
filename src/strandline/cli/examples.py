"""Examples for the help of each command, by its name. A test parses every one of them with the real program."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "sd": ("strandline sd add ~/Dropbox/Notes", "strandline sd list"),
    "sd add": (
        "strandline sd add ~/Dropbox/Notes",
        "strandline sd add /mnt/nas/Photos --read-only --name NAS",
    ),
    "sd list": ("strandline sd list", "strandline sd list --json"),
    "sd show": ("strandline sd show Notes", "strandline sd show ~/Dropbox/Notes --json"),
    "sd probe": ("strandline sd probe Archive", "strandline sd probe Archive --json"),
    "sd rename": ("strandline sd rename Notes 'Old notes'", "strandline sd rename ~/Dropbox/Notes Journal"),
    "sd move": ("strandline sd move Notes ~/Nextcloud/Notes", "strandline sd move 'USB disk' /media/ada/usb"),
    "sd forget": ("strandline sd forget Notes", "strandline sd forget '/media/ada/old disk'"),
    "sd confirm": ("strandline sd confirm Notes", "strandline sd confirm Notes && strandline scan Notes"),
    "sd accept-missing": (
        "strandline ls --sd Notes --state missing",
        "strandline sd accept-missing Notes",
    ),
    "save": (
        "strandline save photo.jpg --sd Notes",
        "strandline save -r ~/Pictures/Rome --sd Notes",
        "curl -s https://example.org/map.svg | strandline save - --name map.svg --sd Notes",
    ),
    "import": (
        "strandline import ~/DCIM --sd Photos --dry-run",
        "strandline import takeout-001.zip takeout-002.zip --sd Photos",
        "strandline import https://example.org/map.png --sd Notes",
    ),
    "ls": (
        "strandline ls",
        "strandline ls --sd Notes --state damaged",
    ),
    "get": (
        "strandline get 5d14820d -o photo.jpg",
        "strandline get media/5d14820d2bf9703ab6d40e8e2ebe7c99.jpg > photo.jpg",
        "strandline ls | strandline get - -o ~/Desktop",
    ),
    "path": (
        "strandline path 5d14820d",
        "grep -h media/ *.md | strandline path -",
        "strandline ls | strandline path - -0 | xargs -0 ls -l",
    ),
    "data-url": ("strandline data-url 5d14820d", "grep -h media/ *.md | strandline data-url -"),
    "thumbnail": (
        "strandline thumbnail 5d14820d --size 200 -o small.jpg",
        "strandline ls | strandline thumbnail - -o ~/Desktop",
    ),
    "exists": (
        "strandline exists 5d14820d2bf9703ab6d40e8e2ebe7c99",
        "strandline exists --online 5d14820d2bf9703ab6d40e8e2ebe7c99 || echo missing",
        "grep -h media/ *.md | strandline exists - --json",
    ),
    "info": ("strandline info 5d14820d", "strandline ls | strandline info - --json"),
    "whereis": ("strandline whereis 5d14820d", "strandline ls | strandline whereis - --json"),
    "explain": (
        "strandline explain 5d14820d",
        "strandline explain '![map](media/5d14820d2bf9703ab6d40e8e2ebe7c99.svg)'",
    ),
    "scan": ("strandline scan", "strandline scan Notes 'USB disk'"),
    "watch": ("strandline watch", "strandline watch --once --json", "strandline watch --since 0"),
    "serve": ("strandline serve --open", "strandline serve --port 0"),
    "duplicates": ("strandline duplicates", "strandline duplicates Notes --fold --dry-run"),
    "unused": ("strandline unused", "strandline unused Notes --json"),
    "collect": ("strandline collect --dry-run", "strandline collect Notes --yes"),
    "verify": (
        "strandline verify",
        "strandline verify Notes --full --repair",
        "strandline verify --repair --from /media/ada/backup",
    ),
    "copy": (
        "strandline copy 5d14820d --to Archive",
        "strandline copy --note ~/Vault/Lisbon.md --to Notes",
        "strandline copy --from Phone --month 2026-11 --to Archive",
    ),
    "move": (
        "strandline move 5d14820d --to Archive",
        "strandline move --search screenshot --from Notes --to Archive --dry-run",
    ),
    "wanted": ("strandline wanted", "strandline wanted Notes --json > wanted.json"),
    "rescue": ("strandline rescue /media/ada/card --dry-run", "strandline rescue ~/Backup ~/Pictures"),
    "provide": ("strandline provide - -o ~/for-ada < wanted.json", "strandline provide - -o for-ada.zip"),
    "conflicts": ("strandline conflicts list", "strandline conflicts resolve --dry-run"),
    "conflicts list": ("strandline conflicts list", "strandline conflicts list Notes --json"),
    "conflicts choose": (
        "strandline conflicts choose ~/Vault/sea.sync-conflict-20260714-093000-KQ4XW2B.jpg --keep copy --dry-run",
        "strandline conflicts choose ~/Vault/sea.sync-conflict-20260714-093000-KQ4XW2B.jpg --keep both",
    ),
    "conflicts undo-choice": (
        "strandline conflicts undo-choice 0f3a9c1e5b7d42688a1c3e5f7a9b0d24:file",
        "strandline conflicts undo-choice 0f3a9c1e5b7d42688a1c3e5f7a9b0d24:both:1 --json",
    ),
    "conflicts resolve": ("strandline conflicts resolve --dry-run", "strandline conflicts resolve Notes"),
    "delete": (
        "strandline delete 5d14820d",
        "strandline delete --dry-run ~/Vault/old.png",
        "strandline ls --sd Notes --to 2019-12-31 | strandline delete - --sd Notes",
    ),
    "trash": ("strandline trash list", "strandline trash restore 5d14820d"),
    "trash list": ("strandline trash list", "strandline trash list --sd Notes --json"),
    "trash restore": ("strandline trash restore 5d14820d", "strandline trash restore 5d14820d --sd Notes"),
    "trash empty": ("strandline trash empty --dry-run", "strandline trash empty --yes"),
    "sign-in": ("strandline sign-in --open", "strandline sign-in --json"),
    "audit": ("strandline audit", "strandline audit --since 7d --json"),
    "token": ("strandline token show", "strandline token rotate"),
    "token show": (
        "strandline token show",
        "strandline token show --json",
    ),
    "token create": (
        "strandline token create --note Prometheus",
        "strandline token create --role write --sd Notes --expires 90d --note scanner",
    ),
    "token list": ("strandline token list", "strandline token list --json"),
    "token revoke": ("strandline token revoke Prometheus", "strandline token revoke 77af0589c68c"),
    "token rotate": ("strandline token rotate", "strandline token rotate --json"),
    "inspect": ("strandline inspect", "strandline inspect Notes --json"),
    "inspect tree": ("strandline inspect tree Notes", "strandline inspect tree ~/Dropbox/Notes --json"),
    "inspect file": (
        "strandline inspect file Notes SD_ID",
        "strandline inspect file Notes media/5d14820d2bf9703ab6d40e8e2ebe7c99.jpg",
    ),
    "inspect hex": (
        "strandline inspect hex Notes SD_ID",
        "strandline inspect hex Notes media/5d14820d2bf9703ab6d40e8e2ebe7c99.jpg --length 64",
    ),
    "put-back": (
        "strandline put-back ~/Vault --dry-run",
        "strandline put-back ~/Vault/Journal.md",
    ),
    "check": (
        "strandline check ~/Vault",
        "strandline check docs --format github",
        "strandline check --json > known.json; strandline check --baseline known.json",
    ),
    "export": (
        "strandline export --sd Notes --month 2026-11 -o ~/Pictures/November",
        "strandline export --search lisbon -o lisbon.zip",
        "strandline export 5d14820d 0a1b2c3d -o ~/Desktop/for-ada.zip",
    ),
    "work": ("strandline work", "strandline work --concurrency 4 --until-empty"),
    "work add": ("strandline work add scan Archive", "strandline work add verify Archive --first"),
    "work status": ("strandline work status", "strandline work status --json"),
    "work cancel": ("strandline work cancel 12", "strandline work cancel 12 --json"),
    "work pause": ("strandline work pause 12", "strandline work pause 12 --json"),
    "work resume": ("strandline work resume 12", "strandline work resume 12 --json"),
    "status": ("strandline status", "strandline status --json"),
    "doctor": ("strandline doctor", "strandline doctor --json"),
    "config": ("strandline config show", "strandline config set log.level info"),
    "config set": ("strandline config set log.level info", "strandline config set web.port 9000"),
    "config unset": ("strandline config unset log.level", "strandline config unset web.port --json"),
    "config show": ("strandline config show", "strandline config show --json"),
    "config path": ("strandline config path", "strandline config path --home /srv/strandline"),
    "catalog": ("strandline catalog export -o names.json", "strandline catalog import names.json"),
    "catalog export": (
        "strandline catalog export -o names.json",
        "strandline catalog export --home /srv/strandline",
    ),
    "catalog import": (
        "strandline catalog import names.json",
        "strandline catalog import names.json --json",
    ),
    "catalog migrate": (
        "strandline catalog migrate --to postgresql://pics@db.lan/pics",
        "strandline catalog migrate --from postgresql://pics@db.lan/pics",
    ),
    "completion": (
        "strandline completion bash > ~/.local/share/bash-completion/completions/strandline",
        "strandline completion fish > ~/.config/fish/completions/strandline.fish",
    ),
    "help": ("strandline help", "strandline help sd add"),
}
"""Two to four lines each, as a person would type them."""

EXIT_STATUS_HINT = "Exit status: 0 if all is well; `strandline --help` lists the others."
