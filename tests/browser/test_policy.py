"""What pages may load and run: all that the page needs, and nothing of other hosts."""

from tests.browser.acts import opened, shown


def test_page_map_and_docs_need_nothing_that_the_policy_forbids(page, server, watch):
    said = []
    page.on(
        "console",
        lambda message: said.append(message.text) if "Content Security Policy" in message.text else None,
    )
    answer = page.goto(server.url)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    shown(page)
    for tab in page.locator("#panel .places [role=tab]").all():
        tab.click()
    page.wait_for_timeout(500)
    for path in ("/worlds/first/map", "/docs"):
        page.goto(server.url + path)
        page.wait_for_load_state("networkidle") if path == "/docs" else page.wait_for_selector(".land img")
    assert not said and not watch


def test_previews_of_links_name_no_other_host(page, server):
    head = page.request.get(server.url).text().split("</head>")[0]
    assert head.count("og:title") == head.count("og:image") == 1 and "Endless Earth" in head
    picture = head.split('og:image" content="')[1].split('"')[0]
    assert (
        picture.startswith(server.url) and page.request.get(picture).headers["content-type"] == "image/webp"
    )


def test_a_script_of_another_host_is_not_run(page, server):
    opened(page, server)
    blocked = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
          document.head.append(Object.assign(document.createElement("script"), {src: "https://evil.example/x.js"}));
        })"""
    )
    assert blocked.startswith("script-src")
