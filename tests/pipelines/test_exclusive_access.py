import threading

from pipelines.files import exclusive_access


def test_the_second_waits_until_the_first_is_out(tmp_path):
    order, waits, inside = [], threading.Event(), threading.Event()

    def second():
        inside.wait(10)
        with exclusive_access(tmp_path, waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with exclusive_access(tmp_path, lambda: order.append("waited")):
        inside.set()
        assert waits.wait(10), "the second was not told to wait"
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []
