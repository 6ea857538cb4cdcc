# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a document, a comment or a message points to is there, and so is the heading."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / 'docs').is_dir():
    pytest.skip('the documents are not beside the tests', allow_module_level=True)
DOCUMENTS = [*sorted(ROOT.glob('*.md')), *(
    path for path in sorted((ROOT / 'docs').rglob('*.md'))
    if ROOT / 'docs/site' not in path.parents)]
LINK = re.compile(r'\]\((?!https?:|mailto:)(?P<file>[^)\s#]*)(?:#(?P<heading>[^)\s]+))?\)')
MENTION = re.compile(r'(?<![\w/.])docs/[\w/]+\.(?:md|png)')
WRITTEN = ('.py', '.md', '.rst', '.yaml', '.yml', '.c', '.h', '.sh', '.msg', '.srv', '.js',
           '.html')
FOLDERS = ('baby_cry_detector', 'benchmarks', 'config', 'docs', 'examples', 'launch', 'msg', 'srv',
           'test', 'tools', '.github')


def anchors(document):
    """Return what the headings of a document are called in links."""
    words = re.findall(r'^#+ +(.*)$', document.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', line).lower())
            .replace(' ', '-') for line in words}


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    for link in LINK.finditer(document.read_text()):
        target = (document.parent / link['file']).resolve() if link['file'] else document
        assert target.exists(), link[0]
        if link['heading'] and target.suffix == '.md':
            assert link['heading'] in anchors(target), link[0]


def test_every_document_that_is_named_exists():
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob('*')
             if path.suffix in WRITTEN and ROOT / 'docs/site' not in path.parents]
    named = [(path, name) for path in [*DOCUMENTS, ROOT / 'CHANGELOG.rst', *files]
             for name in MENTION.findall(path.read_text(encoding='utf-8'))]
    assert len(named) > 40
    gone = [f'{path.relative_to(ROOT)}: {name}' for path, name in named
            if not (ROOT / name).exists()]
    assert not gone
