# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The caregiver's page under a path of a real nginx, in a real browser, as its document says."""

from alert_receivers import free_port
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.srv import RecordCare
from page_harness import browser_missing, Phone, ServedPage, wait_until
from proxies import Nginx, no_nginx
import pytest

WHY = browser_missing() or no_nginx()
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY or 'there are both')

SERVER = """
server {
  listen 127.0.0.1:%(port)d;
  location = / { return 200 'something else lives here'; }
  location = /baby { return 308 baby/; }
  location /baby/ {
    proxy_pass http://127.0.0.1:%(behind)d%(cut)s;
    proxy_set_header Host $http_host;
    proxy_buffering off;
  }
}
"""


def write_down(request, response):
    """Be the diary."""
    response.success, response.message = True, 'fed, by the one who tapped'
    return response


@pytest.fixture
def proxy(tmp_path):
    """Return a function that starts nginx before a page and returns the page's address there."""
    running = []

    def start(page, port, cut):
        running.append(Nginx(tmp_path, SERVER % {'port': port, 'behind': page.port,
                                                 'cut': '/' if cut else ''}))
        return f'http://127.0.0.1:{port}/baby/'

    yield start
    for one in running:
        one.close()


@pytest.mark.parametrize('cut', [True, False], ids=['path cut off', 'path passed on'])
def test_the_page_lives_under_a_path_of_a_real_proxy(graph, tmp_path, proxy, cut):
    port = free_port()
    page = ServedPage(graph, require_token=True, token_file=str(tmp_path / 'token'),
                      base_path='' if cut else '/baby')
    phone = None
    says = graph.probe.node.create_publisher(CryNeed, 'cry_need', qos.NEED)
    try:
        address = proxy(page, port, cut)
        phone = Phone()
        phone.open(f'{address[:-1]}#token={page.node._serving.token}')     # without its slash
        phone.shows('link', 'Live')
        assert phone.run('return location.href') == address        # and the token is gone from it
        wait_until(lambda: says.get_subscription_count())
        graph.nodes[-1].trigger_deactivate()          # only this test speaks now

        def told():
            says.publish(CryNeed(crying=True, episode=1, episode_id='nursery-1'))
            return phone.text('headline') == 'Crying'

        wait_until(told, what='a cry through the proxy')
        diary = graph.nodes[-1].create_service(RecordCare, 'diary/record_care', write_down)
        wait_until(lambda: phone.tap('[data-care="fed"]') or 'fed' in phone.text('care-answer'),
                   what='what was tapped through the proxy')
        graph.nodes[-1].destroy_service(diary)
        assert all(one.startswith(address[:-1]) for one in phone.traffic()), phone.traffic()
        phone.complaints()                            # that it had no cookie yet
        cookies = phone.command('Network.getAllCookies')['cookies']
        assert [cookie['path'] for cookie in cookies] == ['/baby/api']      # to nothing beside it
        phone.open(address)                           # the next day: the cookie is enough
        phone.shows('link', 'Live')
        assert phone.complaints() == []
    finally:
        if phone is not None:
            phone.close()
        page.close()
